"""Texts that somebody else wrote to do harm: each must come out as text, everywhere."""

from __future__ import annotations

MARKUP = (
    "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>",
    "\"onmouseover=alert(1) x=\"", "'onfocus=alert(1) autofocus='", "javascript:alert(1)",
    "<a href=javascript:alert(1)>x</a>", "{{7*7}}", "${7*7}", "{% raw %}", "<%= 7*7 %>", "#{7*7}",
    "<!--", "-->", "]]>", "<![CDATA[x]]>", "<?xml version='1.0'?>", "&lt;b&gt;", "&#60;b&#62;",
    "&amp;lt;", "<style>*{display:none}</style>", "</style><b>", "</title><b>", "</textarea><b>",
    "<iframe src=//evil.example>", "<base href=//evil.example>", "<meta http-equiv=refresh>",
    "<form action=//evil.example>", "<math><mi//xlink:href=x>", "<object data=x>",
    "<embed src=x>", "<link rel=stylesheet href=//evil.example>",
    "<details open ontoggle=alert(1)>", "<b><i><u>", "<table><tr><td>", "</td></tr></table>",
    "</code></pre></div>", "<template><b>", "<plaintext>", "<a\u0000b>", "<\u0001img>",
    "<script>", "\uff1cscript\uff1e", "<\u017fcript>", "%3Cscript%3E",
)  # fmt: skip
MARKDOWN = (
    "@octocat", "@org/team", "x@octocat", "#123", "GH-1", "owner/repo#1", "fixes #1",
    "closes GH-2", "0123456789abcdef0123456789abcdef01234567", "http://evil.example",
    "https://evil.example/a?b=c", "www.evil.example", "mail@evil.example",
    "[x](http://evil.example)", "![](http://evil.example/p)", "[x]: http://evil.example",
    "<http://evil.example>", "<details>", "<sub>x</sub>", "<br>",
    "<!-- perfproof:v1 key=0000000000000000 run=9.9 body=0000000000000000 -->", "| a | b |",
    "a|b", "\\|", "```", "````js", "~~~", "`code`", "``a`b``", "# heading", "> quote",
    "- [x] done", "- item", "1. item", "***", "---", "===", "**bold**", "__bold__", "_it_",
    "~~gone~~", ":white_check_mark:", ":rocket:", "$x^2$", "$$x$$", "[^1]", "[^1]: note", "\\",
    "\\\\", "\\`", "    indented", "\tindented", "<kbd>x</kbd>", "==mark==", "[[wiki]]",
    "{.class}", "a  \nb",
)  # fmt: skip
CONTROLS = (
    "\u001b[31mred\u001b[0m", "\u001b]8;;http://evil.example\u0007x\u001b]8;;\u0007", "\u0007",
    "a\rb", "a\bb", "\u009b2J", "\u0000", "\u2028x", "\u2029x", "\u202egnp.exe", "\u2066x\u2069",
    "\u200bx", "\u200d\u200d\u200d\u200d\u200d\u200d\u200d\u200d\u200d", "\ufeffx",
    "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301",
    "a\u0300\u0301\u0302\u0303", "\ud800", "\udfff", "\ufffe", "\U000e0041", "\u007f", "\u0085x",
    "\u061cx", "\ufff9x\ufffb", "a\nb", "a\r\nb", "\n\n# x", "\u000b", "\f",
)  # fmt: skip
COMMANDS = (
    "::error::pwned", "::error file=x::y", "  ::warning::x", "##[error]x", "##vso[task.x]",
    "::set-output name=v::pass", "::add-mask::e", "::stop-commands::x", "::group::x",
    "::endgroup::", "=HYPERLINK(\"http://evil.example\")", "+1+1", "-1+1", "@SUM(1)",
    "=cmd|' /C calc'!A0", "verdict=pass", "EOF", "%0A::error::x", "%25",
)  # fmt: skip
LONG = ("long/" * 60, "\u65e5\u672c" * 60, "a" * 300, "\U00010348" * 90, "e\u0301" * 60)
TEXTS = (*MARKUP, *MARKDOWN, *CONTROLS, *COMMANDS, *LONG)
