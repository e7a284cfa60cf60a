#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>

#include "engine/base/log.h"
#include "engine/base/log_format.h"
#include "engine/base/unique_fd.h"

namespace turbo::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string Format(const LogOptions& options, milliseconds since_epoch,
                   spdlog::level::level_enum level, const std::string& message) {
  const std::unique_ptr<spdlog::formatter> formatter = MakeLogFormatter(options);
  spdlog::details::log_msg record("", level, message);
  record.time = spdlog::log_clock::time_point(since_epoch);
  spdlog::memory_buf_t out;
  formatter->format(record, out);
  return {out.data(), out.size()};
}

// 2026-11-24 07:01:44.123 UTC
constexpr milliseconds kTime{1'795'503'704'123};

LogOptions Options(const char* format, const char* process) {
  LogOptions options;
  options.format = format;
  options.process = process;
  return options;
}

TEST_CASE("Log lines as text have time, process, level and message", "[base]") {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  CHECK(Format(Options("text", "worker 0"), kTime, spdlog::level::info, "hello") ==
        "2026-11-24 07:01:44.123 worker 0 info     hello\n");
  CHECK(Format(Options("text", ""), kTime, spdlog::level::critical, "hello") ==
        "2026-11-24 07:01:44.123 critical hello\n");
  LogOptions colored = Options("text", "supervisor");
  colored.color = true;
  CHECK(Format(colored, kTime, spdlog::level::warn, "hello") ==
        "2026-11-24 07:01:44.123 supervisor \033[33;1mwarning \033[0m hello\n");
}

TEST_CASE("Log lines as text do not let a message drive the terminal", "[base]") {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  CHECK(Format(Options("text", ""), kTime, spdlog::level::info, "a\x1b[2J\r\x7f\tb\nc é") ==
        "2026-11-24 07:01:44.123 info     a\\x1b[2J\\x0d\\x7f\tb\nc é\n");
}

TEST_CASE("Log lines as JSON are one object each", "[base]") {
  const std::string line =
      Format(Options("json", "worker \"0\""), kTime, spdlog::level::err, "a \"b\"\nc \xFF");
  CHECK(line ==
        "{\"time\":\"2026-11-24T07:01:44.123Z\",\"level\":\"error\",\"process\":\"worker "
        "\\\"0\\\"\",\"pid\":" +
            std::to_string(::getpid()) + ",\"message\":\"a \\\"b\\\"\\nc \xEF\xBF\xBD\"}\n");
  CHECK(Format(Options("json", ""), kTime, spdlog::level::info, "x") ==
        "{\"time\":\"2026-11-24T07:01:44.123Z\",\"level\":\"info\",\"pid\":" +
            std::to_string(::getpid()) + ",\"message\":\"x\"}\n");
}

TEST_CASE("Log formatter follows the clock through its cached second", "[base]") {
  const std::unique_ptr<spdlog::formatter> formatter = MakeLogFormatter(Options("json", ""));
  const auto time_of = [&](milliseconds at) {
    spdlog::details::log_msg record("", spdlog::level::info, "x");
    record.time = spdlog::log_clock::time_point(at);
    spdlog::memory_buf_t out;
    formatter->format(record, out);
    return std::string(out.data(), out.size()).substr(9, 24);
  };
  CHECK(time_of(milliseconds(999)) == "1970-01-01T00:00:00.999Z");
  CHECK(time_of(milliseconds(1000)) == "1970-01-01T00:00:01.000Z");
  CHECK(time_of(milliseconds(1001)) == "1970-01-01T00:00:01.001Z");
  CHECK(time_of(milliseconds(-1)) == "1969-12-31T23:59:59.999Z");
  CHECK(time_of(milliseconds(1)) == "1970-01-01T00:00:00.001Z");
}

// Runs `body` in a child whose stderr is a pipe, and returns what it wrote there.
template <typename Body>
std::string StderrOf(Body&& body) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    ::dup2(writer.get(), STDERR_FILENO);
    body();
    ::_exit(0);
  }
  writer.Reset();
  std::string text;
  std::array<char, 4096> buffer;
  for (ssize_t got = 0; (got = ::read(reader.get(), buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ::waitpid(pid, nullptr, 0);
  return text;
}

TEST_CASE("SetUpLogging writes to stderr at its level and above", "[base]") {
  const std::string text = StderrOf([] {
    LogOptions options = Options("json", "p");
    options.level = "warning";
    if (!SetUpLogging(options)) ::_exit(1);
    spdlog::info("not this");
    spdlog::warn("this {}", 1);
    spdlog::error("and this");
  });
  CHECK(text.find("not this") == std::string::npos);
  CHECK(text.find("\"level\":\"warning\",\"process\":\"p\"") != std::string::npos);
  CHECK(text.find("\"message\":\"this 1\"") != std::string::npos);
  CHECK(text.find("\"message\":\"and this\"") != std::string::npos);
}

TEST_CASE("SetUpLogging gives a full non-blocking stderr a bounded time", "[base]") {
  const auto before = std::chrono::steady_clock::now();
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    ::dup2(writer.get(), STDERR_FILENO);
    if (!SetUpLogging(Options("text", ""))) ::_exit(1);
    const std::string big(200'000, 'x');  // more than a pipe holds
    spdlog::info("{}", big);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  CHECK(status == 0);
  CHECK(std::chrono::steady_clock::now() - before < seconds(5));
}

TEST_CASE("SetUpLogging refuses what it does not know", "[base]") {
  LogOptions options;
  options.level = "loud";
  const Result<void> level = SetUpLogging(options);
  REQUIRE_FALSE(level);
  CHECK(level.error().exit_code == ExitCode::kUsage);
  CHECK(level.error().message.find("\"loud\"") != std::string::npos);
  options.level = "info";
  options.format = "xml";
  const Result<void> format = SetUpLogging(options);
  REQUIRE_FALSE(format);
  CHECK(format.error().message.find("\"xml\"") != std::string::npos);
}

}  // namespace
}  // namespace turbo::engine
