"""What is kept: tables, transactions, durable work, attachments."""
