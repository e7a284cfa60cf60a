// The environment as a value, so that tests give their own and nothing reads getenv() behind one's
// back.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace turbo::cmd {

class Environment {
 public:
  Environment() = default;
  explicit Environment(std::map<std::string, std::string, std::less<>> variables)
      : variables_(std::move(variables)) {}

  /// A copy of this process's environment. Before any other thread may change it.
  static Environment OfThisProcess();

  /// The variable's value; "" if it is unset. An empty variable counts as unset everywhere in
  /// turbo.
  [[nodiscard]] std::string Get(std::string_view name) const;

  /// "NAME=value" for each, as execve(2) takes them.
  [[nodiscard]] std::vector<std::string> AsList() const;

  /// The executable file `command` on PATH, or "" if there is none.
  [[nodiscard]] std::string FindOnPath(std::string_view command) const;

 private:
  std::map<std::string, std::string, std::less<>> variables_;
};

/// True if `path` is a regular file that this process may execute.
bool IsExecutableFile(const std::string& path);

}  // namespace turbo::cmd
