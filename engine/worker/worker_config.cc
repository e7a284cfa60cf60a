#include "engine/worker/worker_config.h"

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <concepts>
#include <cstring>
#include <optional>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace turbo::engine {
namespace {

template <typename T>
concept Number = std::integral<T> && !std::same_as<T, bool>;

void Write(bool value, std::string& out) { out += value ? "true" : "false"; }

void Write(Number auto value, std::string& out) { out += std::to_string(value); }

void Write(std::chrono::milliseconds value, std::string& out) {
  out += std::to_string(value.count());
}

void Write(const std::string& value, std::string& out) {
  for (const char c : value) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\0':
        out += "\\0";
        break;
      default:
        out += c;
    }
  }
}

void Write(const std::vector<std::int32_t>& values, std::string& out) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ',';
    Write(values[i], out);
  }
}

bool Read(std::string_view text, bool& value) {
  value = text == "true";
  return value || text == "false";
}

bool Read(std::string_view text, Number auto& value) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end && !text.empty();
}

bool Read(std::string_view text, std::chrono::milliseconds& value) {
  std::chrono::milliseconds::rep count = 0;
  if (!Read(text, count)) return false;
  value = std::chrono::milliseconds(count);
  return true;
}

bool Read(std::string_view text, std::string& value) {
  value.clear();
  value.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      value += text[i];
      continue;
    }
    if (++i == text.size()) return false;
    switch (text[i]) {
      case '\\':
        value += '\\';
        break;
      case 'n':
        value += '\n';
        break;
      case 'r':
        value += '\r';
        break;
      case '0':
        value += '\0';
        break;
      default:
        return false;
    }
  }
  return true;
}

bool Read(std::string_view text, std::vector<std::int32_t>& values) {
  values.clear();
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    if (!Read(text.substr(0, comma), values.emplace_back())) return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
    if (text.empty()) return false;
  }
  return true;
}

std::unexpected<Error> Malformed(const std::string& what) {
  return Fail(ExitCode::kFailure,
              "the worker's configuration is malformed (" + what +
                  "): turbo and its worker programs must come from the same build");
}

void SetCloseOnExec(int fd) {
  if (fd >= 0) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

}  // namespace

std::string SerializeWorkerConfig(const WorkerConfig& config) {
  std::string out;
  VisitFields(config, [&out](std::string_view name, const auto& field) {
    out += name;
    out += '=';
    Write(field, out);
    out += '\n';
  });
  return out;
}

Result<WorkerConfig> ParseWorkerConfig(std::string_view text) {
  std::unordered_map<std::string_view, std::string_view> lines;
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    if (newline == std::string_view::npos) return Malformed("cut short");
    const std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline + 1);
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return Malformed("no = in \"" + std::string(line) + "\"");
    if (!lines.emplace(line.substr(0, equals), line.substr(equals + 1)).second) {
      return Malformed(std::string(line.substr(0, equals)) + " stands twice");
    }
  }
  WorkerConfig config;
  std::string problem;
  VisitFields(config, [&](std::string_view name, auto& field) {
    const auto line = lines.extract(name);
    if (!problem.empty()) return;
    if (!line) {
      problem = std::string(name) + " is missing";
    } else if (!Read(line.mapped(), field)) {
      problem = std::string(name) + "=" + std::string(line.mapped());
    }
  });
  if (problem.empty() && !lines.empty()) {
    problem = "unknown field " + std::string(lines.begin()->first);
  }
  if (!problem.empty()) return Malformed(problem);
  return config;
}

Result<WorkerConfig> ReadWorkerConfig(int fd) {
  std::string text;
  std::array<char, 4096> buffer;
  while (true) {
    const ssize_t got = ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(text.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return Fail(ExitCode::kFailure, "the worker's configuration cannot be read from descriptor " +
                                          std::to_string(fd) + ": " + std::strerror(errno));
    }
    if (got == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  Result<WorkerConfig> config = ParseWorkerConfig(text);
  if (!config) return config;
  SetCloseOnExec(fd);
  SetCloseOnExec(config->control_fd);
  SetCloseOnExec(config->counters_fd);
  for (const std::int32_t listen_fd : config->listen_fds) SetCloseOnExec(listen_fd);
  return config;
}

}  // namespace turbo::engine
