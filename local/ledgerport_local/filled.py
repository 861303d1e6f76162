"""What a browser would send of a form that nobody has touched yet: hidden, typed, ticked and chosen values."""

from __future__ import annotations

from html.parser import HTMLParser


def values_of(form: str) -> dict[str, str]:
    """The fields of the HTML inside a form as a browser sends them; boxes that are not ticked are left out."""
    reader = _Fields()
    reader.feed(form)
    reader.close()
    return reader.values


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._text = ""
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        name = held.get("name", "")
        match tag:
            case "input" if name and (held.get("type") not in ("radio", "checkbox") or "checked" in held):
                self.values[name] = held.get("value", "")
            case "textarea" if name:
                self._text, self.values[name] = name, ""
            case "select" if name:
                self._select = name
            case "option" if self._select and (self._select not in self.values or "selected" in held):
                self.values[self._select] = held.get("value", "")
            case _:
                pass

    def handle_data(self, data: str) -> None:
        if self._text:
            self.values[self._text] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._text = ""
        if tag == "select":
            self._select = ""
