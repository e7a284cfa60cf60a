#include "cmd/settings.h"

#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "cmd/suggest.h"

namespace turbo::cmd {
namespace {

using engine::ExitCode;
using engine::Fail;
using engine::Result;

/// The section of the file that may hold the settings of `turbo run`, besides the top level.
constexpr const char* kSection = "run";

/// "max_body" in a file is as good as "max-body".
std::string Normalised(std::string name) {
  std::ranges::replace(name, '_', '-');
  return name;
}

/// "--workers" of "-w,--workers"; the positional's name if there is no dash.
std::string MainName(const std::string& flags) {
  const std::size_t long_name = flags.find("--");
  if (long_name == std::string::npos) return flags;
  return flags.substr(long_name, flags.find(',', long_name) - long_name);
}

/// Stores one value; `name` is how the user gave it.
Result<void> Store(const Setting& setting, const std::string& name, const std::string& value) {
  const std::string wanted = setting.set(value);
  if (wanted.empty()) return {};
  return Fail(ExitCode::kUsage, fmt::format("{} \"{}\": {}", name, value, wanted));
}

Result<std::vector<CLI::ConfigItem>> ReadToml(const std::string& path) {
  errno = 0;
  std::ifstream file(path);
  // A directory opens, but does not read.
  if (!file || (file.peek() == std::ifstream::traits_type::eof() && file.bad())) {
    return Fail(ExitCode::kUsage,
                fmt::format("--config {}: cannot be read ({})", path,
                            errno != 0 ? std::strerror(errno) : "unknown reason"));
  }
  try {
    return CLI::ConfigTOML().from_config(file);
  } catch (const CLI::Error& error) {
    return Fail(ExitCode::kUsage,
                fmt::format("--config {}: is not valid TOML: {}", path, error.what()));
  }
}

}  // namespace

std::string Settings::VariableName(std::string_view key) {
  std::string name = "TURBO_";
  for (const char c : key) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

void Settings::AddTo(CLI::App& app) {
  for (const Setting& setting : settings_) {
    CLI::Option* option =
        setting.value_name.empty() ? app.add_flag(setting.flags) : app.add_option(setting.flags);
    option->description(setting.help)->group(setting.group);
    // The last one wins, so that an alias or a script's options can be overridden by adding to
    // them.
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    if (!setting.value_name.empty()) option->option_text(setting.value_name);
    options_.push_back(option);
  }
  config_ = app.add_option("--config")
                ->description("take settings from a TOML file (keys are the option names)")
                ->group("General")
                ->option_text("FILE")
                ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

Result<void> Settings::Apply(const Environment& environment) {
  given_.assign(settings_.size(), false);
  for (std::size_t i = 0; i < settings_.size(); ++i) {
    if (options_[i]->count() == 0) continue;
    given_[i] = true;
    if (auto stored =
            Store(settings_[i], MainName(settings_[i].flags), options_[i]->results().back());
        !stored) {
      return stored;
    }
  }
  for (std::size_t i = 0; i < settings_.size(); ++i) {
    const std::string name = VariableName(settings_[i].key);
    const std::string value = environment.Get(name);
    if (given_[i] || value.empty()) continue;
    given_[i] = true;
    if (auto stored = Store(settings_[i], name, value); !stored) return stored;
  }
  const std::string file =
      config_->count() > 0 ? config_->results().back() : environment.Get(VariableName("config"));
  return file.empty() ? Result<void>() : ApplyFile(file);
}

Result<void> Settings::ApplyFile(const std::string& path) {
  auto items = ReadToml(path);
  if (!items) return std::unexpected(items.error());
  for (const CLI::ConfigItem& item : *items) {
    if (item.name == "++" || item.name == "--")
      continue;  // CLI11's marks for a section's start and end
    const bool known_place =
        item.parents.empty() || (item.parents.size() == 1 && item.parents.front() == kSection);
    const std::string key = Normalised(item.name);
    const Setting* const setting = known_place ? Find(key) : nullptr;
    if (setting == nullptr) {
      std::vector<std::string> keys;
      keys.reserve(settings_.size());
      for (const Setting& each : settings_) keys.push_back(each.key);
      const std::string nearest = Nearest(key, keys);
      return Fail(ExitCode::kUsage,
                  fmt::format("{}: there is no setting \"{}\"{}", path, item.fullname(),
                              nearest.empty() ? "; `turbo run --help` lists them"
                                              : fmt::format("; did you mean \"{}\"?", nearest)));
    }
    if (item.inputs.size() != 1) {
      return Fail(ExitCode::kUsage,
                  fmt::format("{}: \"{}\" takes one value, given once", path, item.fullname()));
    }
    const auto index = static_cast<std::size_t>(setting - settings_.data());
    if (given_[index]) continue;
    if (auto stored = Store(*setting, fmt::format("{}: {} =", path, key), item.inputs.front());
        !stored) {
      return stored;
    }
  }
  return {};
}

const Setting* Settings::Find(std::string_view key) const {
  const auto found = std::ranges::find(settings_, key, &Setting::key);
  return found == settings_.end() ? nullptr : &*found;
}

std::vector<std::string> Settings::OptionNames() const {
  std::vector<std::string> names{"--config", "--help"};
  for (const CLI::Option* option : options_) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

}  // namespace turbo::cmd
