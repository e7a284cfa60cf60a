#include "cmd/target.h"

#include <spdlog/fmt/fmt.h>

#include <cctype>
#include <filesystem>
#include <string>

namespace turbo::cmd {
namespace {

namespace fs = std::filesystem;
using engine::ExitCode;
using engine::Fail;

/// "a.b.c": identifiers with dots between them. Bytes above 127 pass: Python allows letters of any
/// script.
bool IsDottedName(std::string_view text) {
  bool at_start = true;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '.') {
      if (at_start) return false;
      at_start = true;
    } else if (std::isalpha(byte) != 0 || c == '_' || byte >= 0x80 ||
               (!at_start && std::isdigit(byte) != 0)) {
      at_start = false;
    } else {
      return false;
    }
  }
  return !at_start;
}

engine::Result<void> CheckDirectory(const fs::path& path) {
  std::error_code error;
  if (fs::exists(path / "__init__.py", error)) {
    return Fail(ExitCode::kUsage,
                fmt::format("{} is a package's directory: name it as a module (package.module), or "
                            "one .py file in it",
                            path.string()));
  }
  return Fail(ExitCode::kUsage, fmt::format("{} is a directory: name a .py file in it, e.g. {}",
                                            path.string(), (path / "app.py").string()));
}

engine::Result<void> CheckFile(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    return Fail(ExitCode::kUsage,
                fmt::format("no such file: {} (looked in {})", path.string(),
                            path.is_absolute() ? path.parent_path().string()
                                               : fs::current_path(error).string()));
  }
  if (status.type() == fs::file_type::directory) return CheckDirectory(path);
  if (path.extension() != ".py") {
    return Fail(ExitCode::kUsage,
                fmt::format("{} is not a .py file: TARGET is app.py or package.module, with "
                            ":attribute if the application is not called app",
                            path.string()));
  }
  return {};
}

}  // namespace

engine::Result<void> CheckTarget(std::string_view target) {
  std::string_view source = target;
  if (const std::size_t colon = target.rfind(':'); colon != std::string_view::npos) {
    source = target.substr(0, colon);
    const std::string_view attribute = target.substr(colon + 1);
    if (!IsDottedName(attribute)) {
      return Fail(ExitCode::kUsage,
                  fmt::format("\"{}\" is no attribute's name: write TARGET as app.py:name or "
                              "package.module:name",
                              attribute));
    }
  }
  if (source.empty()) {
    return Fail(ExitCode::kUsage,
                fmt::format("TARGET \"{}\" names no file or module: write app.py or package.module",
                            target));
  }
  const fs::path path{std::string(source)};
  if (source.ends_with(".py") || source.find('/') != std::string_view::npos) return CheckFile(path);
  std::error_code error;
  if (!IsDottedName(source)) {
    // "app.txt" that exists is a file of the wrong kind; anything else is a name that Python could
    // not import.
    if (fs::exists(path, error)) return CheckFile(path);
    return Fail(ExitCode::kUsage,
                fmt::format("\"{}\" is neither a .py file nor a module's name: write app.py or "
                            "package.module",
                            source));
  }
  // A file such as "app.txt" reads like a module; it is one only if no such file is here.
  if (fs::is_regular_file(path, error) && path.has_extension()) return CheckFile(path);
  if (fs::is_directory(path, error) && !fs::exists(path / "__init__.py", error) &&
      !fs::exists(path / "__main__.py", error) &&
      !fs::exists(fs::path(path.string() + ".py"), error)) {
    return CheckDirectory(path);
  }
  return {};
}

}  // namespace turbo::cmd
