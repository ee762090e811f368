// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/config.hpp"

#include <toml++/toml.h>
#include <algorithm>
#include <limits>
#include <system_error>
#include <vector>

#include "model/error.hpp"
#include "model/quoting.hpp"
#include "store/files.hpp"

namespace vmac::store {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const std::string &file, const toml::source_region &where, const std::string &reason) {
    throw Error(Errc::InvalidOption, file + ':' + std::to_string(where.begin.line) + ": " + reason);
}

/// A key as it stands in a file: in quotes where it needs them.
std::string written(const toml::key &key) {
    const std::string_view text = key.str();
    const bool bare = !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
    return bare ? std::string(text) : in_quotes(text);
}

/// One file on its way into a Config.
class Reader {
public:
    Reader(Config config, std::string file) : config_(std::move(config)), file_(std::move(file)) {}

    Config read(const toml::table &table) {
        for (const auto &[key, value] : table) {
            if (key == "interface") {
                read_interfaces(value);
            } else if (key == "max_interfaces") {
                config_.max_interfaces = limit(value);
            } else if (key == "auto_detect") {
                config_.auto_detect = truth(value, "auto_detect");
            } else if (key == "own_tables") {
                config_.own_tables = truth(value, "own_tables");
            } else if (key == "guard") {
                config_.guard = guard(value);
            } else if (key == "action") {
                config_.defaults.action = action(value);
            } else if (key == "messages") {
                config_.defaults.messages = messages(value);
            } else {
                unknown(key, "action, auto_detect, guard, max_interfaces, messages, own_tables and [interface.NAME]");
            }
        }
        return std::move(config_);
    }

private:
    /// Runs @p parse on what @p node says; its complaint gets file and line.
    template <typename Function>
    auto at(const toml::source_region &where, Function parse) const {
        try {
            return parse();
        } catch (const Error &error) {
            refuse(file_, where, error.what());
        }
    }

    void read_interfaces(const toml::node &node) {
        if (!node.is_table()) {
            refuse(file_, node.source(), "interface must be a table: [interface.NAME]");
        }
        for (const auto &[name, options] : *node.as_table()) {
            if (!options.is_table()) {
                refuse(file_, options.source(), "interfaces are tables: [interface." + written(name) + "]");
            }
            const std::string_view word = name.str();
            read_options(*options.as_table(), at(name.source(), [&] { return InterfaceName::parse(word); }));
        }
    }

    void read_options(const toml::table &table, const InterfaceName &name) {
        Options options;
        for (const auto &[key, value] : table) {
            if (key == "action") {
                options.action = action(value);
            } else if (key == "messages") {
                options.messages = messages(value);
            } else if (key == "parent") {
                options.parent = parent(value, name);
            } else {
                unknown(key, "action, parent and messages");
            }
        }
        Options &merged = config_.interfaces[name];
        merged = options.over(merged);
    }

    [[noreturn]] void unknown(const toml::key &key, const char *known) const {
        refuse(file_, key.source(), "unknown key " + written(key) + "; there are " + known);
    }

    [[nodiscard]] std::string text(const toml::node &node, const char *what) const {
        const auto value = node.value_exact<std::string>();
        if (!value) {
            refuse(file_, node.source(), std::string(what) + " must be a string");
        }
        return *value;
    }

    [[nodiscard]] bool truth(const toml::node &node, const char *what) const {
        const auto value = node.value_exact<bool>();
        if (!value) {
            refuse(file_, node.source(), std::string(what) + " must be true or false");
        }
        return *value;
    }

    [[nodiscard]] GuardScope guard(const toml::node &node) const {
        GuardScope scope;
        if (const auto *array = node.as_array()) {
            for (const auto &element : *array) {
                const auto name = text(element, "a device to guard");
                scope.devices.insert(at(element.source(), [&] { return InterfaceName::parse(name); }));
            }
            return scope;
        }
        try {
            scope.mode = parse_guard_mode(node.value_exact<std::string>().value_or(""));
        } catch (const Error &) {
            refuse(file_, node.source(), R"(guard must be "auto", "off", "all" or an array of devices)");
        }
        return scope;
    }

    [[nodiscard]] Action action(const toml::node &node) const {
        const auto word = text(node, "action");
        return at(node.source(), [&] { return parse_action(word); });
    }

    [[nodiscard]] MessageSet messages(const toml::node &node) const {
        const auto *array = node.as_array();
        if (array == nullptr) {
            refuse(file_, node.source(), "messages must be an array of strings");
        }
        std::vector<std::string> words;
        for (const auto &element : *array) {
            words.push_back(text(element, "a message"));
            at(element.source(), [&] { return parse_message(words.back()); });
        }
        return at(node.source(), [&] { return parse_messages(words); });
    }

    [[nodiscard]] std::string parent(const toml::node &node, const InterfaceName &child) const {
        const auto name = text(node, "parent");
        if (name == child.str()) {
            refuse(file_, node.source(), name + " cannot be its own parent");
        }
        return at(node.source(), [&] { return parse_parent(name); });
    }

    [[nodiscard]] std::size_t limit(const toml::node &node) const {
        const auto value = node.value_exact<std::int64_t>();
        if (!value || *value < 1 || *value > std::numeric_limits<int>::max()) {
            refuse(file_, node.source(), "max_interfaces must be a whole number of at least 1");
        }
        return static_cast<std::size_t>(*value);
    }

    Config config_;
    std::string file_;
};

/// toml++ calls itself for each part of a dotted key, and so a line of 200 KB could end the process.
void require_short_lines(std::string_view text, const std::string &file) {
    constexpr std::size_t kLongestLine = 4096;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t length = std::min(text.find('\n'), text.size());
        if (length > kLongestLine) {
            throw Error(Errc::InvalidOption, file + ':' + std::to_string(number) + ": the line has more than " +
                                                 std::to_string(kLongestLine) +
                                                 " bytes; an array may take several lines");
        }
        text.remove_prefix(std::min(length + 1, text.size()));
    }
}

}  // namespace

Config parse_config(Config earlier, std::string_view text, const std::string &file) {
    require_short_lines(text, file);
    try {
        return Reader(std::move(earlier), file).read(toml::parse(text, file));
    } catch (const toml::parse_error &error) {
        refuse(file, error.source(), on_one_line(std::string(error.description())));
    }
}

Config load_config(const fs::path &directory) {
    std::vector<fs::path> files;
    std::error_code status;
    for (const auto &entry : fs::directory_iterator(directory, status)) {
        if (entry.path().extension() == ".toml") {
            files.push_back(entry.path());
        }
    }
    if (status && status != std::errc::no_such_file_or_directory) {
        throw Error(Errc::InvalidOption, directory.string() + ": " + status.message());
    }
    std::ranges::sort(files);
    Config config;
    for (const auto &path : files) {
        try {
            config = parse_config(std::move(config), read_file(path), path.string());
        } catch (const std::system_error &error) {
            throw Error(Errc::InvalidOption, std::string("it cannot be read: ") + error.what());
        }
    }
    return config;
}

}  // namespace vmac::store
