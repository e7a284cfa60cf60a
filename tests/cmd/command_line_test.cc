#include "cmd/command_line.h"

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "tests/cmd/temporary_directory.h"

namespace turbo::cmd {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;
using std::chrono::milliseconds;

RunOptions Run(std::vector<std::string> arguments, const Variables& variables = {}) {
  arguments.insert(arguments.begin(), "run");
  const auto command = ParseCommandLine(arguments, Environment(variables));
  if (!command) FAIL(command.error().message);
  REQUIRE(std::holds_alternative<RunOptions>(*command));
  return std::get<RunOptions>(*command);
}

std::string Refusal(const std::vector<std::string>& arguments, const Variables& variables = {}) {
  const auto command = ParseCommandLine(arguments, Environment(variables));
  REQUIRE_FALSE(command.has_value());
  CHECK(command.error().exit_code == engine::ExitCode::kUsage);
  return command.error().message;
}

PrintText Printed(const std::vector<std::string>& arguments) {
  const auto command = ParseCommandLine(arguments, Environment());
  REQUIRE(command.has_value());
  REQUIRE(std::holds_alternative<PrintText>(*command));
  return std::get<PrintText>(*command);
}

TEST_CASE("turbo run has the documented defaults", "[command_line]") {
  const RunOptions options = Run({"app.py"});
  CHECK(options.target == "app.py");
  CHECK_FALSE(options.factory);
  CHECK_FALSE(options.allow_gil);
  CHECK(options.mode.empty());
  CHECK_FALSE(options.workers.has_value());
  CHECK_FALSE(options.threads.has_value());
  CHECK(options.python.empty());
  CHECK(options.address.host == "127.0.0.1");
  CHECK(options.address.port == 8000);
  CHECK(options.address.uds.empty());
  CHECK(options.address.backlog == 2048);
  CHECK_FALSE(options.access_log);
  CHECK(options.log_level == "info");
  CHECK(options.log_format == "text");
  CHECK(options.limits.max_body == 16U * 1024 * 1024);
  CHECK(options.timeouts.keep_alive == milliseconds(60'000));
  CHECK(options.timeouts.header == milliseconds(10'000));
  CHECK(options.timeouts.body == milliseconds(30'000));
  CHECK(options.graceful_timeout == milliseconds(30'000));
  CHECK_FALSE(options.max_connections.has_value());
  CHECK(options.max_inflight == 0);
}

TEST_CASE("turbo run takes every option from the command line", "[command_line]") {
  const RunOptions options = Run({"package.module:make",
                                  "--factory",
                                  "--mode",
                                  "procs",
                                  "-w",
                                  "3",
                                  "--threads=1",
                                  "--python",
                                  "3.14t",
                                  "--host",
                                  "0.0.0.0",
                                  "-p",
                                  "0",
                                  "--uds",
                                  "/tmp/s",
                                  "--backlog",
                                  "10",
                                  "--access-log",
                                  "--log-level",
                                  "warn",
                                  "--log-format",
                                  "json",
                                  "--max-body",
                                  "64KiB",
                                  "--keep-alive",
                                  "5",
                                  "--header-timeout",
                                  "500ms",
                                  "--body-timeout",
                                  "1m",
                                  "--graceful-timeout",
                                  "0",
                                  "--max-connections",
                                  "100",
                                  "--max-inflight",
                                  "7",
                                  "--allow-gil"});
  CHECK(options.target == "package.module:make");
  CHECK(options.factory);
  CHECK(options.mode == "procs");
  CHECK(options.workers == 3U);
  CHECK(options.threads == 1U);
  CHECK(options.python == "3.14t");
  CHECK(options.address.host == "0.0.0.0");
  CHECK(options.address.port == 0);
  CHECK(options.address.uds == "/tmp/s");
  CHECK(options.address.backlog == 10);
  CHECK(options.access_log);
  CHECK(options.log_level == "warning");
  CHECK(options.log_format == "json");
  CHECK(options.limits.max_body == 65536);
  CHECK(options.timeouts.keep_alive == milliseconds(5000));
  CHECK(options.timeouts.header == milliseconds(500));
  CHECK(options.timeouts.body == milliseconds(60'000));
  CHECK(options.graceful_timeout == milliseconds(0));
  CHECK(options.max_connections == 100U);
  CHECK(options.max_inflight == 7);
  CHECK(options.allow_gil);
}

TEST_CASE("turbo run takes every option from the environment", "[command_line]") {
  const RunOptions options =
      Run({}, {{"TURBO_TARGET", "app.py"},     {"TURBO_FACTORY", "yes"},
               {"TURBO_MODE", "threads"},      {"TURBO_WORKERS", "2"},
               {"TURBO_THREADS", "4"},         {"TURBO_PYTHON", "3.14"},
               {"TURBO_HOST", "::1"},          {"TURBO_PORT", "81"},
               {"TURBO_UDS", "/tmp/s"},        {"TURBO_BACKLOG", "11"},
               {"TURBO_ACCESS_LOG", "1"},      {"TURBO_LOG_LEVEL", "debug"},
               {"TURBO_LOG_FORMAT", "json"},   {"TURBO_MAX_BODY", "1M"},
               {"TURBO_KEEP_ALIVE", "1s"},     {"TURBO_HEADER_TIMEOUT", "2s"},
               {"TURBO_BODY_TIMEOUT", "3s"},   {"TURBO_GRACEFUL_TIMEOUT", "4s"},
               {"TURBO_MAX_CONNECTIONS", "5"}, {"TURBO_MAX_INFLIGHT", "6"},
               {"TURBO_ALLOW_GIL", "on"}});
  CHECK(options.target == "app.py");
  CHECK(options.factory);
  CHECK(options.mode == "threads");
  CHECK(options.workers == 2U);
  CHECK(options.threads == 4U);
  CHECK(options.python == "3.14");
  CHECK(options.address.host == "::1");
  CHECK(options.address.port == 81);
  CHECK(options.address.uds == "/tmp/s");
  CHECK(options.address.backlog == 11);
  CHECK(options.access_log);
  CHECK(options.log_level == "debug");
  CHECK(options.log_format == "json");
  CHECK(options.limits.max_body == 1U << 20);
  CHECK(options.timeouts.keep_alive == milliseconds(1000));
  CHECK(options.timeouts.header == milliseconds(2000));
  CHECK(options.timeouts.body == milliseconds(3000));
  CHECK(options.graceful_timeout == milliseconds(4000));
  CHECK(options.max_connections == 5U);
  CHECK(options.max_inflight == 6);
  CHECK(options.allow_gil);
}

TEST_CASE("turbo run takes every option from a TOML file", "[command_line]") {
  const TemporaryDirectory dir;
  const std::string file = dir.Write("turbo.toml", R"(# the service
target = "app.py"
factory = true
mode = "threads"
[run]
workers = 2
threads = 4   # loops
python = '3.14'
host = "::1"
port = 81
uds = "/tmp/a,b c"
backlog = 11
access_log = true
log-level = "debug"
log-format = "json"
max-body = "1MiB"
keep-alive = "1s"
header-timeout = 2
body_timeout = "3s"
graceful-timeout = 1.5
max-connections = 5
max-inflight = 6
allow-gil = false
)");
  const RunOptions options = Run({"--config", file});
  CHECK(options.target == "app.py");
  CHECK(options.factory);
  CHECK(options.mode == "threads");
  CHECK(options.workers == 2U);
  CHECK(options.threads == 4U);
  CHECK(options.python == "3.14");
  CHECK(options.address.host == "::1");
  CHECK(options.address.port == 81);
  CHECK(options.address.uds == "/tmp/a,b c");
  CHECK(options.address.backlog == 11);
  CHECK(options.access_log);
  CHECK(options.log_level == "debug");
  CHECK(options.log_format == "json");
  CHECK(options.limits.max_body == 1U << 20);
  CHECK(options.timeouts.keep_alive == milliseconds(1000));
  CHECK(options.timeouts.header == milliseconds(2000));
  CHECK(options.timeouts.body == milliseconds(3000));
  CHECK(options.graceful_timeout == milliseconds(1500));
  CHECK(options.max_connections == 5U);
  CHECK(options.max_inflight == 6);
  CHECK_FALSE(options.allow_gil);
}

TEST_CASE("The command line beats the environment, which beats the file", "[command_line]") {
  const TemporaryDirectory dir;
  const std::string file =
      dir.Write("turbo.toml", "port = 1\nhost = \"file\"\nbacklog = 3\naccess-log = true\n");
  const Variables variables{{"TURBO_CONFIG", file},
                            {"TURBO_PORT", "2"},
                            {"TURBO_HOST", "environment"},
                            {"TURBO_ACCESS_LOG", "true"}};
  const RunOptions options = Run({"app.py", "--port", "4", "--no-access-log"}, variables);
  CHECK(options.address.port == 4);
  CHECK(options.address.host == "environment");
  CHECK(options.address.backlog == 3);
  CHECK_FALSE(options.access_log);
  // --config on the command line stands for TURBO_CONFIG, an empty variable for none.
  const std::string other = dir.Write("other.toml", "port = 5\n");
  const RunOptions second =
      Run({"app.py", "--config", other}, {{"TURBO_CONFIG", file}, {"TURBO_PORT", ""}});
  CHECK(second.address.port == 5);
  CHECK(second.address.backlog == 2048);
}

TEST_CASE("An option given twice has its last value", "[command_line]") {
  const RunOptions options = Run({"app.py", "--port", "1", "--port", "2", "--access-log",
                                  "--no-access-log", "--no-factory", "--factory"});
  CHECK(options.address.port == 2);
  CHECK_FALSE(options.access_log);
  CHECK(options.factory);
}

TEST_CASE("A wrong value is named together with where it stands", "[command_line]") {
  const TemporaryDirectory dir;
  CHECK(Refusal({"run", "app.py", "--port", "99999"}) ==
        "--port \"99999\": use a number from 0 to 65535");
  CHECK(Refusal({"run", "app.py"}, {{"TURBO_PORT", "http"}}) ==
        "TURBO_PORT \"http\": use a number from 0 to 65535");
  const std::string file = dir.Write("turbo.toml", "port = -1\n");
  CHECK(Refusal({"run", "app.py", "--config", file}) ==
        file + ": port = \"-1\": use a number from 0 to 65535");
  CHECK(
      Refusal({"run", "app.py", "-w", "0"}).starts_with("--workers \"0\": use a number from 1 to"));
  CHECK(Refusal({"run", "app.py", "--mode", "thread"}) ==
        "--mode \"thread\": use events, threads or procs (did you mean threads?)");
  CHECK(Refusal({"run", "app.py", "--max-body", "16MB"})
            .starts_with("--max-body \"16MB\": use a size"));
  CHECK(Refusal({"run", "app.py", "--keep-alive", "soon"})
            .starts_with("--keep-alive \"soon\": use a dur"));
  CHECK(Refusal({"run", "app.py", "--keep-alive", "0"}).find("at least 1 ms") != std::string::npos);
  CHECK(Refusal({"run", "app.py", "--log-format", "xml"}).find("use text or json") !=
        std::string::npos);
  CHECK(Refusal({"run", "app.py", "--log-level", "loud"})
            .starts_with("--log-level \"loud\": use trace"));
  CHECK(Refusal({"run", "app.py", "--uds", std::string(200, 'x')}).find("at most 107 bytes") !=
        std::string::npos);
  CHECK(Refusal({"run", "app.py", "--access-log=maybe"}).find("use true or false") !=
        std::string::npos);
}

TEST_CASE("A key that the file should not have is named", "[command_line]") {
  const TemporaryDirectory dir;
  const auto refusal = [&dir](const std::string& text) {
    const std::string file = dir.Write("turbo.toml", text);
    return Refusal({"run", "app.py", "--config", file}).substr(file.size());
  };
  CHECK(refusal("prot = 1\n") == ": there is no setting \"prot\"; did you mean \"port\"?");
  CHECK(refusal("[server]\nport = 1\n").starts_with(": there is no setting \"server.port\""));
  CHECK(refusal("certificate-file = 'x'\n").find("`turbo run --help` lists them") !=
        std::string::npos);
  CHECK(refusal("config = 'x'\n").starts_with(": there is no setting \"config\""));
  CHECK(refusal("port = [1, 2]\n") == ": \"port\" takes one value, given once");
  CHECK(refusal("nonsense\n").starts_with(": there is no setting \"nonsense\""));
}

TEST_CASE("A file that cannot be read is named", "[command_line]") {
  const TemporaryDirectory dir;
  CHECK(Refusal({"run", "app.py", "--config", dir / "none.toml"}) ==
        "--config " + (dir / "none.toml") + ": cannot be read (No such file or directory)");
  CHECK(Refusal({"run", "app.py", "--config", dir.str()}).find("cannot be read") !=
        std::string::npos);
}

TEST_CASE("Unknown options and commands suggest the nearest", "[command_line]") {
  CHECK(Refusal({"run", "app.py", "--prot", "80"}) ==
        "unknown option --prot: did you mean --port?");
  CHECK(Refusal({"run", "--acces-log", "app.py"}).ends_with("did you mean --access-log?"));
  CHECK(Refusal({"run", "app.py", "--wokers=3"}).ends_with("did you mean --workers?"));
  CHECK(Refusal({"run", "app.py", "--certfile", "x"}) ==
        "unknown option --certfile: `turbo run --help` lists them");
  CHECK(Refusal({"rnu", "app.py"}).ends_with("did you mean `turbo run`?"));
  CHECK(Refusal({"app.py"}).ends_with("did you mean `turbo run app.py`?"));
  CHECK(Refusal({"frobnicate"}).ends_with("`turbo --help` lists the commands"));
  CHECK(Refusal({"info", "--jsn"}).ends_with("did you mean --json?"));
  CHECK(Refusal({"--versoin"}).ends_with("did you mean --version?"));
}

TEST_CASE("What is missing or too much is said", "[command_line]") {
  CHECK(Refusal({"run"}).starts_with("nothing to run"));
  CHECK(Refusal({"run", "app.py", "--port"}) == "--port needs a value");
  CHECK(Refusal({"run", "a.py", "b.py"}).starts_with("unexpected argument \"b.py\""));
  CHECK(Refusal({"info", "x"}).starts_with("unexpected argument \"x\""));
}

TEST_CASE("A target may be called like a command, and follow --", "[command_line]") {
  CHECK(Run({"info"}).target == "info");
  CHECK(Run({"run"}).target == "run");
  CHECK(Run({"--port", "1", "--", "app.py"}).target == "app.py");
}

TEST_CASE("Help and version are printed, not run", "[command_line]") {
  CHECK(Printed({"--version"}).text == std::string("turbo ") + TURBO_VERSION + "\n");
  const PrintText help = Printed({"run", "--help"});
  CHECK(help.exit_code == engine::ExitCode::kOk);
  CHECK(help.text.find("Usage: turbo run TARGET [options]") != std::string::npos);
  // Help wins over what is wrong beside it.
  CHECK(Printed({"run", "--port", "99999", "--help"}).text == help.text);
  CHECK(Printed({"--help"}).exit_code == engine::ExitCode::kOk);
  CHECK(Printed({}).exit_code == engine::ExitCode::kUsage);
  CHECK(Printed({}).text.find("turbo run app.py") != std::string::npos);
}

TEST_CASE("Help lists every option and stays within 100 columns", "[command_line]") {
  const std::string help = Printed({"run", "--help"}).text;
  for (const char* name : {"--mode",
                           "--workers",
                           "--threads",
                           "--python",
                           "--host",
                           "--port",
                           "--uds",
                           "--backlog",
                           "--[no-]access-log",
                           "--log-level",
                           "--log-format",
                           "--max-body",
                           "--keep-alive",
                           "--header-timeout",
                           "--body-timeout",
                           "--graceful-timeout",
                           "--max-connections",
                           "--max-inflight",
                           "--[no-]factory",
                           "--[no-]allow-gil",
                           "--config",
                           "TURBO_MAX_BODY"}) {
    INFO(name);
    CHECK(help.find(name) != std::string::npos);
  }
  for (std::size_t start = 0; start < help.size();) {
    const std::size_t end = std::min(help.find('\n', start), help.size());
    INFO(help.substr(start, end - start));
    CHECK(end - start <= 100);
    start = end + 1;
  }
}

TEST_CASE("turbo info has its switches", "[command_line]") {
  const auto command = ParseCommandLine({"info", "--json"}, Environment());
  REQUIRE(command.has_value());
  CHECK(std::get<InfoOptions>(*command).json);
  CHECK_FALSE(std::get<InfoOptions>(*command).python_path);
}

}  // namespace
}  // namespace turbo::cmd
