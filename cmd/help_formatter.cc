#include "cmd/help_formatter.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace turbo::cmd {
namespace {

constexpr std::size_t kColumn = 30;
constexpr std::size_t kWidth = 100;

/// `name` at the left, `text` wrapped at the right; a line break in `text` is kept.
std::string TwoColumns(const std::string& name, const std::string& text) {
  std::string out = "  " + name;
  std::size_t used = out.size();
  const auto new_line = [&] {
    out += '\n';
    out.append(kColumn, ' ');
    used = kColumn;
  };
  if (used + 2 > kColumn) {
    new_line();
  } else {
    out.append(kColumn - used, ' ');
    used = kColumn;
  }
  bool line_start = true;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find_first_of(" \n", start), text.size());
    const std::string word = text.substr(start, end - start);
    if (!line_start && used + 1 + word.size() > kWidth) {
      new_line();
      line_start = true;
    }
    if (!line_start) {
      out += ' ';
      ++used;
    }
    out += word;
    used += word.size();
    line_start = false;
    if (end < text.size() && text[end] == '\n') {
      new_line();
      line_start = true;
    }
    start = end + 1;
  }
  return out + '\n';
}

/// "-w, --workers N", "--[no-]access-log".
std::string Names(const CLI::Option* option) {
  const std::vector<std::string>& long_names = option->get_lnames();
  std::string names;
  for (const std::string& name : option->get_snames()) names += "-" + name + ", ";
  for (const std::string& name : long_names) {
    if (name.starts_with("no-")) continue;
    const bool has_opposite = std::ranges::find(long_names, "no-" + name) != long_names.end();
    names += (has_opposite ? "--[no-]" : "--") + name + ", ";
  }
  names.resize(names.size() - std::min<std::size_t>(2, names.size()));
  if (!option->get_option_text().empty()) names += " " + option->get_option_text();
  return names;
}

}  // namespace

std::string HelpFormatter::make_help(const CLI::App* app, std::string name,
                                     CLI::AppFormatMode mode) const {
  std::string text = CLI::Formatter::make_help(app, std::move(name), mode);
  // CLI11 puts an empty line after a group, and each group begins with one.
  for (std::size_t at = text.find("\n\n\n"); at != std::string::npos;
       at = text.find("\n\n\n", at)) {
    text.erase(at, 1);
  }
  return text;
}

std::string HelpFormatter::make_usage(const CLI::App* app, std::string name) const {
  std::string usage = "\nUsage: " + name;
  if (app->get_parent() == nullptr) return usage + " COMMAND [options]\n";
  for (const CLI::Option* option : app->get_options()) {
    if (option->get_positional()) usage += " " + option->get_name();
  }
  return usage + " [options]\n";
}

std::string HelpFormatter::make_positionals(const CLI::App* app) const {
  std::string out;
  for (const CLI::Option* option : app->get_options()) {
    if (option->get_positional()) out += TwoColumns(option->get_name(), option->get_description());
  }
  return out.empty() ? out : "\n" + out;
}

std::string HelpFormatter::make_group(std::string group, bool /*is_positional*/,
                                      std::vector<const CLI::Option*> options) const {
  std::string out = "\n" + group + ":\n";
  for (const CLI::Option* option : options)
    out += TwoColumns(Names(option), option->get_description());
  return out;
}

std::string HelpFormatter::make_subcommand(const CLI::App* sub) const {
  return TwoColumns(sub->get_name(), sub->get_description());
}

}  // namespace turbo::cmd
