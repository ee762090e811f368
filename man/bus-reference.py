#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the reference part of org.vmac.MldFilter(5) from the documentation comments of the interface XML.

usage: bus-reference.py INTERFACE.xml OUTPUT.rst

The comments are those that gdbus-codegen reads, and are reStructuredText inside. It is not used here because its
reStructuredText leaves out what methods return and tears the paragraphs of properties apart; both belong in the page.
A member or an argument without documentation, or documentation without a member, is an error: it stops the build.
"""

import re
import sys
import textwrap
import xml.etree.ElementTree as ElementTree

SECTIONS = (
    ("method", "METHODS", None),
    ("signal", "SIGNALS", None),
    ("property", "PROPERTIES", "All are read-only. All that are not constant send ``PropertiesChanged``."),
)


class Documentation:
    """One comment, taken apart: the name it belongs to, its @arguments and its paragraphs."""

    def __init__(self, comment):
        head, _, rest = textwrap.dedent(comment).strip().partition(":")
        self.name = head.strip()
        self.arguments = {}
        self.paragraphs = []
        for block in re.split(r"\n\s*\n", rest.strip()):
            lines = [line.strip() for line in block.splitlines()]
            if not lines[0].startswith("@"):
                self.paragraphs.append(" ".join(lines))
                continue
            for line in lines:
                argument = re.match(r"@(\w+):\s*(.*)", line)
                if argument:
                    current = argument[1]
                    self.arguments[current] = argument[2]
                else:
                    self.arguments[current] += " " + line


def fill(text, indent=""):
    # A name that is broken at a hyphen would get a blank in the middle.
    options = {"break_long_words": False, "break_on_hyphens": False}
    return textwrap.fill(text, 100, initial_indent=indent, subsequent_indent=indent, **options)


def definition(term, text, indent=""):
    return [indent + term, fill(text, indent + "    "), ""]


def heading(text, underline):
    return [text, underline * len(text), ""]


def signature(arguments):
    return "".join(argument.get("type") for argument in arguments)


def title(member):
    arguments = member.findall("arg")
    if member.tag == "property":
        emits = member.find("annotation[@name='org.freedesktop.DBus.Property.EmitsChangedSignal']")
        constant = emits is not None and emits.get("value") == "const"
        return f"{member.get('name')} ({member.get('type')})" + (", constant" if constant else "")
    inward = [argument for argument in arguments if argument.get("direction", "in") == "in"]
    outward = [argument for argument in arguments if argument.get("direction") == "out"]
    text = f"{member.get('name')} ({signature(inward)})"
    return text + (f" returns ({signature(outward)})" if outward else "")


def describe(member, documentation):
    """The lines of one member. Paragraphs that begin with ``key`` (type): are the keys of its dictionary."""
    arguments = member.findall("arg")
    names = [argument.get("name") for argument in arguments]
    if names != list(documentation.arguments):
        raise ValueError(f"{documentation.name}: arguments {names}, documented {list(documentation.arguments)}")
    text, keys = [], []
    for paragraph in documentation.paragraphs:
        key = re.match(r"(``[\w-]+`` \([^)]+\)): (.*)", paragraph)
        if key:
            keys += definition(key[1], key[2], "    ")
        else:
            text.append(paragraph)
    if not text:
        raise ValueError(f"{documentation.name}: no documentation")
    lines = heading(title(member), "-") + [fill(text[0]), ""]
    for argument in arguments:
        returned = ", returned" if argument.get("direction") == "out" else ""
        term = f"``{argument.get('name')}`` ({argument.get('type')}){returned}"
        lines += definition(term, documentation.arguments[argument.get("name")])
        if keys and "{sv}" in argument.get("type"):
            lines += keys
            keys = []
    if keys:
        raise ValueError(f"{documentation.name}: keys are documented, but there is no dictionary")
    for paragraph in text[1:]:
        lines += [fill(paragraph), ""]
    return lines


def reference(path):
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
    interface = ElementTree.parse(path, parser).getroot().find("interface")
    members, comment = [], None
    for child in interface:
        if child.tag is ElementTree.Comment:
            comment = Documentation(child.text)
            continue
        if comment is None or comment.name != child.get("name"):
            raise ValueError(f"{child.get('name')}: its comment is missing or is another's")
        members.append((child, comment))
        comment = None
    lines = []
    for tag, section, introduction in SECTIONS:
        lines += heading(section, "=")
        if introduction:
            lines += [introduction, ""]
        for member, documentation in members:
            if member.tag == tag:
                lines += describe(member, documentation)
    return "\n".join(lines)


def main():
    source, output = sys.argv[1:]
    try:
        text = reference(source)
    except ValueError as error:
        sys.exit(f"{source}: {error}")
    with open(output, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main()
