#include "engine/loop/access_log.h"

#include <fcntl.h>
#include <poll.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <iterator>

#include "engine/base/log.h"

namespace turbo::engine {
namespace {

/// Gathered lines are written at the end of a turn, or when they are so many.
constexpr std::size_t kFlushAt = 64 * 1024;
/// Where the log's reader does not keep up and the descriptor does not block, lines beyond this are
/// dropped.
constexpr std::size_t kKeepAtMost = 1024 * 1024;

/// A peer's text between quotes, on one line whatever it holds: `"`, `\` and what is not printable
/// ASCII as \xHH.
void AppendEscaped(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
      out.push_back(c);
    } else {
      out += "\\x";
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    }
  }
}

/// "2026-01-31T12:00:00.123Z"
void AppendTime(std::string& out) {
  const auto now =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                 utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                 utc.tm_sec, now.time_since_epoch().count() % 1000);
}

}  // namespace

AccessLog::AccessLog(int fd, Format format) : fd_(fd), format_(format) {
  lines_.reserve(kFlushAt + 4096);
}

void AccessLog::Record(const Request& request, int status, std::uint64_t body_bytes,
                       std::uint64_t microseconds) {
  if (lines_.size() >= kFlushAt) Flush();
  if (lines_.size() >= kKeepAtMost) {
    ++dropped_;
    return;
  }
  const std::string host = request.peer == nullptr ? std::string() : request.peer->Host();
  const double milliseconds = static_cast<double>(microseconds) / 1000.0;
  auto out = std::back_inserter(lines_);
  if (format_ == Format::kText) {
    if (host.empty()) {
      lines_ += "unix";
    } else if (host.find(':') != std::string::npos) {
      fmt::format_to(out, "[{}]:{}", host, request.peer->Port());
    } else {
      fmt::format_to(out, "{}:{}", host, request.peer->Port());
    }
    fmt::format_to(out, " \"{} ", MethodName(request.method));
    AppendEscaped(lines_, request.target);
    fmt::format_to(out, " HTTP/1.{}\" {} {} {:.2f}ms\n", request.version_minor, status, body_bytes,
                   milliseconds);
  } else {
    lines_ += R"({"time":")";
    AppendTime(lines_);
    fmt::format_to(out, R"(","client":{},"port":{},"method":"{}","target":)",
                   JsonQuote(host.empty() ? "unix" : host), host.empty() ? 0 : request.peer->Port(),
                   MethodName(request.method));
    lines_ += JsonQuote(request.target);
    fmt::format_to(out, ",\"version\":\"1.{}\",\"status\":{},\"bytes\":{},\"ms\":{:.3f}}}\n",
                   request.version_minor, status, body_bytes, milliseconds);
  }
}

void AccessLog::Flush() noexcept {
  std::size_t written = 0;
  while (written < lines_.size()) {
    const ssize_t n = ::write(fd_, lines_.data() + written, lines_.size() - written);
    if (n > 0) {
      written += static_cast<std::size_t>(n);
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else if (n < 0 && errno == EAGAIN) {
      break;  // the reader is behind, and somebody made the descriptor non-blocking: later
    } else {
      Complain(std::strerror(errno));
      written = lines_.size();
    }
  }
  lines_.erase(0, written);
  if (dropped_ != 0 && lines_.empty()) {
    Complain("its reader does not keep up");
    dropped_ = 0;
  }
}

/// Once a minute at most: a log about a log must not become a flood.
void AccessLog::Complain(const char* reason) noexcept {
  const auto now = std::chrono::steady_clock::now();
  if (now < complain_again_at_) return;
  complain_again_at_ = now + std::chrono::minutes(1);
  spdlog::warn("lines of the access log were lost: {}", reason);
}

}  // namespace turbo::engine
