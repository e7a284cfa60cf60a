// Settings that can be given on the command line, in the environment and in a TOML file, in this
// order of precedence. A command lists its settings once, as data; names in the environment and in
// the file follow from the option's name:
// --max-body is TURBO_MAX_BODY and max-body. Main thread only.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/environment.h"
#include "engine/base/result.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace turbo::cmd {

struct Setting {
  std::string flags;  ///< CLI11's: "-w,--workers"; "--access-log,!--no-access-log"; a positional
                      ///< has no dash
  std::string key;    ///< "workers"
  std::string
      value_name;     ///< "N", for --help; empty for a switch (the value is then "true" or "false")
  std::string group;  ///< heading in --help
  std::string help;
  /// Checks and stores a value. Returns "" or what would have been right, to follow "<name>
  /// <value>: ": "use a number from 0 to 65535".
  std::function<std::string(std::string_view value)> set;
};

class Settings {
 public:
  explicit Settings(std::vector<Setting> settings) : settings_(std::move(settings)) {}

  /// Adds each to CLI11's (sub)command, which must live until Apply, and --config.
  void AddTo(CLI::App& app);

  /// After the command line was parsed: stores every value that was given anywhere. The first that
  /// is wrong is ExitCode::kUsage, in a sentence that names the option, the variable or the file it
  /// stands in.
  engine::Result<void> Apply(const Environment& environment);

  /// The option names, with dashes.
  [[nodiscard]] std::vector<std::string> OptionNames() const;

  static std::string VariableName(std::string_view key);

 private:
  engine::Result<void> ApplyFile(const std::string& path);
  [[nodiscard]] const Setting* Find(std::string_view key) const;

  std::vector<Setting> settings_;
  std::vector<CLI::Option*> options_;  ///< beside settings_
  CLI::Option* config_ = nullptr;
  std::vector<bool> given_;  ///< beside settings_: by a source of higher precedence
};

}  // namespace turbo::cmd
