#include "engine/base/log.h"

#include <poll.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <mutex>
#include <optional>

#include "engine/base/log_format.h"

namespace turbo::engine {
namespace {

// One write(2) a line: several processes share this stderr, and their lines must not mix.
class StderrSink final : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& record) override {
    line_.clear();
    formatter_->format(record, line_);
    std::string_view rest(line_.data(), line_.size());
    while (!rest.empty()) {
      const ssize_t written = ::write(STDERR_FILENO, rest.data(), rest.size());
      if (written > 0) {
        rest.remove_prefix(static_cast<std::size_t>(written));
        continue;
      }
      const bool again = written < 0 && (errno == EINTR || (errno == EAGAIN && WaitWritable()));
      if (!again) return;  // nobody reads the log: the line is lost, the service goes on
    }
  }
  void flush_() override {}

 private:
  // stderr is somebody else's and may be non-blocking. The wait is bounded: a stuck reader must not
  // stop a server.
  static bool WaitWritable() {
    pollfd entry{STDERR_FILENO, POLLOUT, 0};
    constexpr int kPatienceMs = 100;
    return ::poll(&entry, 1, kPatienceMs) > 0;
  }

  spdlog::memory_buf_t line_;  // guarded by base_sink's mutex
};

std::optional<spdlog::level::level_enum> LevelOf(std::string_view name) {
  struct Entry {
    std::string_view name;
    spdlog::level::level_enum level;
  };
  static constexpr std::array<Entry, 7> kLevels = {{{"trace", spdlog::level::trace},
                                                    {"debug", spdlog::level::debug},
                                                    {"info", spdlog::level::info},
                                                    {"warning", spdlog::level::warn},
                                                    {"error", spdlog::level::err},
                                                    {"critical", spdlog::level::critical},
                                                    {"off", spdlog::level::off}}};
  for (const Entry& entry : kLevels) {
    if (entry.name == name) return entry.level;
  }
  return std::nullopt;
}

}  // namespace

Result<void> SetUpLogging(const LogOptions& options) {
  const std::optional<spdlog::level::level_enum> level = LevelOf(options.level);
  if (!level) {
    return Fail(ExitCode::kUsage,
                "unknown log level \"" + options.level +
                    "\": use trace, debug, info, warning, error, critical or off");
  }
  if (options.format != "text" && options.format != "json") {
    return Fail(ExitCode::kUsage,
                "unknown log format \"" + options.format + "\": use text or json");
  }
  try {
    auto sink = std::make_shared<StderrSink>();
    sink->set_formatter(MakeLogFormatter(options));
    auto logger = std::make_shared<spdlog::logger>("", std::move(sink));
    logger->set_level(*level);
    spdlog::set_default_logger(std::move(logger));
  } catch (const std::exception& error) {
    return Fail(ExitCode::kFailure, std::string("logging cannot be set up: ") + error.what());
  }
  return {};
}

}  // namespace turbo::engine
