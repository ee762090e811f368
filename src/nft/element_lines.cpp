// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft/element_lines.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_map>

#include "model/error.hpp"
#include "model/quoting.hpp"

namespace vmac::nft {
namespace {

/// Nothing of what is thrown while lines are read leaves this file: who reads says what it means.
struct Malformed {};

/// The words of one line.
class Words {
public:
    explicit Words(std::string_view line) : rest_(line) {}

    std::string_view next() {
        if (is_done_) {
            throw Malformed();
        }
        const auto blank = rest_.find(' ');
        const std::string_view word = rest_.substr(0, blank);
        is_done_ = blank == std::string_view::npos;
        rest_.remove_prefix(is_done_ ? rest_.size() : blank + 1);
        if (word.empty()) {
            throw Malformed();
        }
        return word;
    }

    InterfaceName name() {
        const auto name = InterfaceName::from_kernel(next());
        return name ? *name : throw Malformed();
    }

    /// A number in its shortest form.
    template <typename Number>
    Number number() {
        const std::string_view word = next();
        Number number = 0;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
        if (error != std::errc() || end != word.data() + word.size() || (word.front() == '0' && word.size() > 1)) {
            throw Malformed();
        }
        return number;
    }

    Message message() {
        const std::string_view word = next();
        const auto *const found =
            std::ranges::find(kAllMessages, word, [](Message message) { return to_string(message); });
        return found == kAllMessages.end() ? throw Malformed() : *found;
    }

    Verdict verdict() {
        const std::string_view word = next();
        if (word == "relocate") {
            return Verdict::Relocate;
        }
        return word == "drop" ? Verdict::Drop : throw Malformed();
    }

    Family family() {
        const auto family = family_named(next());
        return family ? *family : throw Malformed();
    }

    Family family_of_first_line() {
        const Family family = this->family();
        return family == Family::Netdev ? throw Malformed() : family;
    }

    void require_end() const {
        if (!is_done_) {
            throw Malformed();
        }
    }

private:
    std::string_view rest_;
    bool is_done_ = false;
};

/// Hands on the words of each line. @throws Malformed, also when the last line has no end or one was not used up
template <typename Function>
void each_line(std::string_view lines, Function handle) {
    while (!lines.empty()) {
        const auto end = lines.find('\n');
        if (end == std::string_view::npos) {
            throw Malformed();
        }
        Words words(lines.substr(0, end));
        handle(words);
        words.require_end();
        lines.remove_prefix(end + 1);
    }
}

template <typename Function>
void each_line_for_worker(std::string_view lines, Function handle) {
    try {
        each_line(lines, handle);
    } catch (const Malformed &) {
        throw Error(Errc::AccessDenied, "the worker does not take this about elements: " + in_quotes(lines));
    }
}

const char *to_string(Verdict verdict) {
    return verdict == Verdict::Relocate ? "relocate" : "drop";
}

void append(std::string &line, const std::string &text) {
    line.append(1, ' ').append(text);
}

void append(std::string &line, std::string_view text) {
    line.append(1, ' ').append(text);
}

void append(std::string &line, const char *text) {
    append(line, std::string_view(text));
}

void append(std::string &line, std::uint64_t number) {
    std::array<char, 20> digits{};  // as many as the largest has
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    append(line, std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
}

/// A line of these words.
template <typename... More>
void append_line(std::string &lines, std::string_view first, const More &...more) {
    lines += first;
    (append(lines, more), ...);
    lines += '\n';
}

constexpr std::string_view kDigits = "0123456789abcdef";

std::string in_hex(std::string_view bytes) {
    std::string hex;
    hex.reserve(2 * bytes.size());
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        hex.push_back(kDigits[byte >> 4U]);
        hex.push_back(kDigits[byte & 0xfU]);
    }
    return hex;
}

std::string from_hex(std::string_view hex) {
    if (hex.size() % 2 != 0) {
        throw Malformed();
    }
    std::string bytes;
    bytes.reserve(hex.size() / 2);
    for (; !hex.empty(); hex.remove_prefix(2)) {
        const auto high = kDigits.find(hex[0]);
        const auto low = kDigits.find(hex[1]);
        if (high == std::string_view::npos || low == std::string_view::npos) {
            throw Malformed();
        }
        bytes.push_back(static_cast<char>(high << 4U | low));
    }
    return bytes;
}

void require(bool is_new) {
    if (!is_new) {
        throw Malformed();
    }
}

/// Takes in the lines of a reading. An interface is on several of them, far apart: the kernel lists by hash.
class Reader {
public:
    void take_line(Words &words) {
        const std::string_view what = words.next();
        if (what == "verdict") {
            take_verdict(words);
        } else if (what == "parent") {
            auto &parents = words.family_of_first_line() == Family::Ip6 ? reading_.parents : reading_.parents_in_ip;
            const Known &known = known_as(words.next());
            require(parents.emplace(known.name, words.number<unsigned>()).second);
        } else if (what == "structure") {
            const Family family = words.family();
            require(reading_.structure.emplace(family, from_hex(words.next())).second);
        } else if (what == "foreign") {
            reading_.foreign.push_back(words.family_of_first_line());
        } else {
            throw Malformed();
        }
    }

    Reading take() { return std::move(reading_); }

private:
    struct Known {
        InterfaceName name;
        PerMessage<Verdict> *verdicts = nullptr;
        MessageCounts *counts = nullptr;
    };

    Known &known_as(std::string_view word) {
        const auto found = known_.find(word);
        if (found != known_.end()) {
            return found->second;
        }
        const auto name = InterfaceName::from_kernel(word);
        return name ? known_.emplace(word, Known{.name = *name}).first->second : throw Malformed();
    }

    void take_verdict(Words &words) {
        Known &known = known_as(words.next());
        if (known.verdicts == nullptr) {
            known.verdicts = &reading_.verdicts[known.name];
            known.counts = &reading_.counters[known.name];
        }
        const Message message = words.message();
        require(known.verdicts->try_emplace(message, words.verdict()));
        const auto packets = words.number<std::uint64_t>();
        (*known.counts)[message] = {packets, words.number<std::uint64_t>()};
    }

    Reading reading_;
    std::unordered_map<std::string_view, Known> known_;  ///< by the words themselves, which outlive this
};

}  // namespace

ElementChanges parse_changes(std::string_view lines) {
    ElementChanges changes;
    each_line_for_worker(lines, [&changes](Words &words) {
        const std::string_view verb = words.next();
        const std::string_view what = words.next();
        if ((verb != "add" && verb != "delete") || (what != "verdict" && what != "parent")) {
            throw Malformed();
        }
        InterfaceName name = words.name();
        if (what == "verdict") {
            const Message message = words.message();
            (verb == "add" ? changes.added_verdicts : changes.deleted_verdicts)
                .push_back({std::move(name), message, words.verdict()});
        } else {
            (verb == "add" ? changes.added_parents : changes.deleted_parents)
                .push_back({std::move(name), words.number<unsigned>()});
        }
    });
    return changes;
}

std::string to_lines(const ElementChanges &changes) {
    std::string lines;
    const auto append_all = [&lines](const char *verb, const auto &verdicts, const auto &parents) {
        for (const auto &[name, message, verdict] : verdicts) {
            append_line(lines, verb, "verdict", name.str(), to_string(message), to_string(verdict));
        }
        for (const auto &[name, index] : parents) {
            append_line(lines, verb, "parent", name.str(), std::uint64_t{index});
        }
    };
    append_all("delete", changes.deleted_verdicts, changes.deleted_parents);
    append_all("add", changes.added_verdicts, changes.added_parents);
    return lines;
}

std::vector<ElementKey> parse_keys(std::string_view lines) {
    std::vector<ElementKey> keys;
    each_line_for_worker(lines, [&keys](Words &words) {
        const std::string_view what = words.next();
        InterfaceName name = words.name();
        if (what == "verdict") {
            keys.push_back({std::move(name), words.message()});
        } else {
            require(what == "parent");
            keys.push_back({std::move(name), std::nullopt});
        }
    });
    return keys;
}

std::string to_lines(const std::vector<ElementKey> &keys) {
    std::string lines;
    for (const auto &[name, message] : keys) {
        if (message) {
            append_line(lines, "verdict", name.str(), to_string(*message));
        } else {
            append_line(lines, "parent", name.str());
        }
    }
    return lines;
}

Reading parse_reading(std::string_view lines) {
    Reader reader;
    try {
        each_line(lines, [&reader](Words &words) { reader.take_line(words); });
    } catch (const Malformed &) {
        throw Error(Errc::EngineUnavailable, "the worker has answered what is no reading of elements");
    }
    return reader.take();
}

void append_structure(std::string &lines, Family family, std::string_view bytes) {
    append_line(lines, "structure", to_string(family), in_hex(bytes));
}

void append_verdict(std::string &lines, const VerdictElement &element, const Count &count) {
    append_line(lines, "verdict", element.name.str(), to_string(element.message), to_string(element.verdict),
                count.packets, count.bytes);
}

void append_parent(std::string &lines, Family family, const ParentElement &element) {
    append_line(lines, "parent", to_string(family), element.name.str(), std::uint64_t{element.index});
}

void append_foreign(std::string &lines, Family family) {
    append_line(lines, "foreign", to_string(family));
}

}  // namespace vmac::nft
