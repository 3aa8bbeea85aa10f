"""HTML as somebody reads it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_in.html import readable


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("a  <b> b</b>\n c", "a b c"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("x &amp; &lt;y&gt; &eacute;", "x & <y> é"),
        ("<head><title>t</title><style>s{}</style></head><body>b</body>", "b"),
        ("<script>if (a < b) alert('<p>')</script>shown", "shown"),
        ("a<!-- hidden <b> -->b", "ab"),
        ("<!DOCTYPE html><?xml?>b", "b"),
        ('<a href="https://example.com/x">here</a>', "here <https://example.com/x>"),
        ('<a href="https://example.com/">https://example.com</a>', "https://example.com"),
        ('<a href="mailto:a@example.com">a@example.com</a>', "a@example.com"),
        ('<a href="javascript:alert(1)">click</a>', "click"),
        ('<img alt="a > b" src="x">after', "after"),
        ("it's 1 < 2 and 3 > 2", "it's 1 < 2 and 3 > 2"),
        ("above<hr>below", "above\n________________________________\nbelow"),
    ],
)
def test_html_becomes_lines_of_text(source, text):
    assert readable(source) == text


def test_quotes_carry_their_mark():
    assert (
        readable("mine<blockquote>his<blockquote>hers</blockquote></blockquote>") == "mine\n> his\n> > hers"
    )


@pytest.mark.parametrize("opening", ["<head>", "<style>", "<script>", "<!--", "<title>", "<p "])
def test_an_element_that_never_ends_hides_nothing_else(opening):
    assert "words" in readable(opening + "<p>words")


@pytest.mark.parametrize(
    "source",
    [
        "<a " * 350_000,
        "<!--" * 250_000,
        "<" * 1_000_000,
        "<a b='" * 170_000,
        '<a b=">" ' * 110_000,
        "<a b=\">\" c='x' <p> " * 50_000,
        "<script>" * 120_000,
        "</script" * 120_000,
        "<blockquote>" * 80_000 + "x",
        "<div>" * 200_000 + "x",
        "&#" + "9" * 1_000_000 + ";",
        "&" * 1_000_000,
        "&gt;" * 250_000,
        "<td>" * 250_000,
        "x" * 1_000_000,
        "<pre>" + "\n" * 1_000_000,
        '<a href="' + "x" * 1_000_000,
    ],
    ids=lambda source: source[:12],
)
def test_hostile_html_takes_linear_time(source):
    begin = time.process_time()
    readable(source)
    assert time.process_time() - begin < 2


@given(st.text(alphabet="<>/!-ab='\" \n&;#", max_size=200))
def test_any_text_is_read(source):
    assert isinstance(readable(source), str)
