#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the list of message ids in vmac-mldfilterd(8) from their header.

usage: message-ids.py message_ids.hpp CATALOG... OUTPUT.rst

An id without an entry in each catalog, and an entry without an id, is an error: it stops the build.
"""

import re
import sys

CONSTANT = re.compile(r'/// (.+)\ninline constexpr std::string_view k\w+ = "([0-9a-f]{32})";')


def main():
    header, *catalogs, output = sys.argv[1:]
    with open(header, encoding="utf-8") as file:
        text = file.read()
    messages = CONSTANT.findall(text)
    ids = {message_id for _, message_id in messages}
    if len(ids) != text.count("inline constexpr"):
        sys.exit(f"{header}: each id needs a comment of one line, and its own number")
    for catalog in catalogs:
        with open(catalog, encoding="utf-8") as file:
            entries = re.findall(r"^-- ([0-9a-f]{32})$", file.read(), re.MULTILINE)
        if sorted(entries) != sorted(ids):
            sys.exit(f"{catalog}: these ids are not in both: {' '.join(ids.symmetric_difference(entries)) or 'twice'}")
    with open(output, "w", encoding="utf-8") as file:
        for comment, message_id in messages:
            # What follows the first sentence names the fields, which is of use to a programmer only.
            file.write(f"``{message_id}``\n    {comment.partition('. ')[0].rstrip('.')}.\n\n")


if __name__ == "__main__":
    main()
