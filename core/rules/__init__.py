"""What is decided. Pure: no database, no clock, no logging; `now` is an argument."""
