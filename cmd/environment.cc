#include "cmd/environment.h"

#include <sys/stat.h>
#include <unistd.h>

namespace turbo::cmd {

Environment Environment::OfThisProcess() {
  std::map<std::string, std::string, std::less<>> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return Environment(std::move(variables));
}

std::string Environment::Get(std::string_view name) const {
  const auto found = variables_.find(name);
  return found == variables_.end() ? std::string() : found->second;
}

std::vector<std::string> Environment::AsList() const {
  std::vector<std::string> list;
  list.reserve(variables_.size());
  for (const auto& [name, value] : variables_) list.push_back(name + "=" + value);
  return list;
}

std::string Environment::FindOnPath(std::string_view command) const {
  const std::string path = Get("PATH");
  std::size_t start = 0;
  while (start <= path.size() && !path.empty()) {
    std::size_t end = path.find(':', start);
    if (end == std::string::npos) end = path.size();
    // Empty entries mean the current directory; that is never where an interpreter should be taken
    // from by surprise.
    if (end > start) {
      std::string candidate = path.substr(start, end - start) + "/" + std::string(command);
      if (IsExecutableFile(candidate)) return candidate;
    }
    start = end + 1;
  }
  return {};
}

bool IsExecutableFile(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

}  // namespace turbo::cmd
