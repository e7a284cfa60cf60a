#include "cmd/run_options.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <limits>

#include "cmd/mode.h"
#include "cmd/suggest.h"
#include "cmd/units.h"

namespace turbo::cmd {
namespace {

using Set = std::function<std::string(std::string_view)>;

constexpr const char* kApplication = "Application";
constexpr const char* kConcurrency = "Concurrency";
constexpr const char* kNetwork = "Network";
constexpr const char* kLogging = "Logging";
constexpr const char* kLimits = "Limits and time-outs";

/// More than any machine has use for; a slip of the finger should not start a thousand processes.
constexpr std::uint64_t kMostWorkers = 1024;
/// sun_path less its terminating zero (unix(7)).
constexpr std::size_t kLongestSocketPath = 107;

Set Text(std::string& field) {
  return [&field](std::string_view value) -> std::string {
    if (value.empty()) return "give a value";
    field = value;
    return {};
  };
}

Set Switch(bool& field) {
  return [&field](std::string_view value) -> std::string {
    const auto parsed = ParseSwitch(value);
    if (!parsed) return "use true or false";
    field = *parsed;
    return {};
  };
}

/// `Field` may be a number or an optional of one.
template <typename Number, typename Field>
Set Whole(Field& field, std::uint64_t min, std::uint64_t max, std::string remark = {}) {
  return [&field, min, max, remark = std::move(remark)](std::string_view value) -> std::string {
    const auto parsed = ParseNumber(value, min, max);
    if (!parsed) return fmt::format("use a number from {} to {}{}", min, max, remark);
    field = static_cast<Number>(*parsed);
    return {};
  };
}

Set Duration(std::chrono::milliseconds& field, std::chrono::milliseconds min) {
  return [&field, min](std::string_view value) -> std::string {
    const auto parsed = ParseDuration(value);
    if (!parsed) return "use a duration such as 10 (seconds), 500ms, 2.5s, 1m or 1h, at most a day";
    if (*parsed < min) return fmt::format("use a duration of at least {} ms", min.count());
    field = *parsed;
    return {};
  };
}

Set Size(std::size_t& field) {
  return [&field](std::string_view value) -> std::string {
    const auto parsed = ParseSize(value);
    if (!parsed) return "use a size such as 1048576 (bytes), 64KiB, 16MiB (or 16M) or 1GiB";
    field = *parsed;
    return {};
  };
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

Set OneOf(std::string& field, std::vector<std::string> words) {
  return [&field, words = std::move(words)](std::string_view value) -> std::string {
    if (std::ranges::find(words, value) == words.end()) {
      const std::string nearest = Nearest(value, words);
      return "use " + Joined(words) + (nearest.empty() ? "" : " (did you mean " + nearest + "?)");
    }
    field = value;
    return {};
  };
}

Set LogLevel(std::string& field) {
  Set set = OneOf(field, {"trace", "debug", "info", "warning", "error", "critical", "off"});
  return [set = std::move(set)](std::string_view value) {
    return set(value == "warn" ? "warning" : value);
  };
}

Set SocketPath(std::string& field) {
  return [&field](std::string_view value) -> std::string {
    if (value.empty()) return "give a path";
    if (value.size() > kLongestSocketPath) {
      return fmt::format("a Unix socket's path has at most {} bytes, this one has {}",
                         kLongestSocketPath, value.size());
    }
    field = value;
    return {};
  };
}

std::vector<std::string> AllModes() {
  std::vector<std::string> names;
  for (const Mode& mode : Modes()) names.emplace_back(mode.name);
  return names;
}

std::string ModeHelp() {
  std::string help =
      "how requests are served [threads if a free-threaded Python is found, else procs]";
  for (const Mode& mode : Modes()) help += fmt::format("\n{:<8} {}", mode.name, mode.summary);
  return help;
}

void AddApplication(std::vector<Setting>& list, RunOptions& o) {
  list.push_back({"TARGET", "target", "TARGET", kApplication,
                  "app.py, dir/app.py or package.module, with :attribute if the application is not "
                  "called app",
                  Text(o.target)});
  list.push_back({"--factory,!--no-factory", "factory", "", kApplication,
                  "the attribute is a function that makes the application", Switch(o.factory)});
}

void AddConcurrency(std::vector<Setting>& list, RunOptions& o) {
  list.push_back(
      {"-m,--mode", "mode", "MODE", kConcurrency, ModeHelp(), OneOf(o.mode, AllModes())});
  list.push_back({"-w,--workers", "workers", "N", kConcurrency,
                  "processes [procs: usable cores; threads: 1]",
                  Whole<std::uint32_t>(o.workers, 1, kMostWorkers)});
  list.push_back({"--threads", "threads", "N", kConcurrency,
                  "event loops in each process [threads: usable cores]",
                  Whole<std::uint32_t>(o.threads, 1, kMostWorkers)});
  list.push_back({"--python", "python", "PATH|VERSION", kConcurrency,
                  "interpreter: an executable, a virtualenv, or a version such as 3.14 or 3.14t "
                  "[the active virtualenv, else threads: 3.14t, events and procs: 3.14]",
                  Text(o.python)});
  list.push_back({"--allow-gil,!--no-allow-gil", "allow-gil", "", kConcurrency,
                  "free-threaded Python: run even if an import switches the GIL on",
                  Switch(o.allow_gil)});
}

void AddNetwork(std::vector<Setting>& list, RunOptions& o) {
  list.push_back({"--host", "host", "ADDRESS", kNetwork, "address to listen on [127.0.0.1]",
                  Text(o.address.host)});
  list.push_back({"-p,--port", "port", "PORT", kNetwork,
                  "port to listen on; 0 picks a free one [8000]",
                  Whole<std::uint16_t>(o.address.port, 0, 65535)});
  list.push_back({"--uds", "uds", "PATH", kNetwork, "listen on a Unix-domain socket instead",
                  SocketPath(o.address.uds)});
  list.push_back({"--backlog", "backlog", "N", kNetwork,
                  "connections that the kernel queues for each loop [2048]",
                  Whole<std::uint32_t>(o.address.backlog, 1, 1'000'000)});
}

void AddLogging(std::vector<Setting>& list, RunOptions& o) {
  list.push_back({"--access-log,!--no-access-log", "access-log", "", kLogging,
                  "log every request [off]", Switch(o.access_log)});
  list.push_back({"--log-level", "log-level", "LEVEL", kLogging,
                  "trace, debug, info, warning, error, critical or off [info]",
                  LogLevel(o.log_level)});
  list.push_back({"--log-format", "log-format", "FORMAT", kLogging,
                  "text, or json: one object a line [text]",
                  OneOf(o.log_format, {"text", "json"})});
}

void AddLimits(std::vector<Setting>& list, RunOptions& o) {
  using std::chrono::milliseconds;
  constexpr auto kMostConnections = std::uint64_t{1'000'000'000};
  list.push_back({"--max-body", "max-body", "SIZE", kLimits,
                  "largest request body; 413 beyond [16MiB]", Size(o.limits.max_body)});
  list.push_back({"--keep-alive", "keep-alive", "TIME", kLimits,
                  "close a connection idle for so long [60s]",
                  Duration(o.timeouts.keep_alive, milliseconds(1))});
  list.push_back({"--header-timeout", "header-timeout", "TIME", kLimits,
                  "to receive a request's header block; then 408 [10s]",
                  Duration(o.timeouts.header, milliseconds(1))});
  list.push_back({"--body-timeout", "body-timeout", "TIME", kLimits,
                  "between bytes of a body; then 408 [30s]",
                  Duration(o.timeouts.body, milliseconds(1))});
  list.push_back({"--graceful-timeout", "graceful-timeout", "TIME", kLimits,
                  "for requests in flight when stopping; then they are cut [30s]",
                  Duration(o.graceful_timeout, milliseconds(0))});
  list.push_back({"--max-connections", "max-connections", "N", kLimits,
                  "per process; further ones wait [80 % of the open-files limit]",
                  Whole<std::uint64_t>(o.max_connections, 1, kMostConnections)});
  list.push_back({"--max-inflight", "max-inflight", "N", kLimits,
                  "requests in progress per process; 503 beyond, 0 for no limit [0]",
                  Whole<std::uint64_t>(o.max_inflight, 0, kMostConnections)});
}

}  // namespace

std::vector<Setting> RunSettings(RunOptions& options) {
  std::vector<Setting> list;
  AddApplication(list, options);
  AddConcurrency(list, options);
  AddNetwork(list, options);
  AddLogging(list, options);
  AddLimits(list, options);
  return list;
}

}  // namespace turbo::cmd
