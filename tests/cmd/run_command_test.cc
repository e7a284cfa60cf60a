#include "cmd/run_command.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <string>

#include "tests/cmd/fake_python.h"

namespace turbo::cmd {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

class Fixture {
 public:
  Fixture() {
    options_.target = dir_.Write("app.py", "app = 1\n");
    FakePython fake;
    gil_ = WriteFakePython(dir_, "opt/python3.14", fake);
    fake.free_threaded = true;
    ft_ = WriteFakePython(dir_, "opt/python3.14t", fake);
    layout_.package_dir = "/package";
    layout_.workers = {{"cpython-314t", "/libexec/ft", ft_}, {"cpython-314", "/libexec/gil", gil_}};
    machine_.usable_cores = 4;
    machine_.descriptor_limit = 1000;
  }

  engine::Result<PreparedRun> Prepare() {
    return PrepareRun(options_, layout_, Environment(variables_), machine_);
  }
  PreparedRun Prepared() {
    auto run = Prepare();
    if (!run) FAIL(run.error().message);
    return *std::move(run);
  }
  engine::Error Refused() {
    const auto run = Prepare();
    REQUIRE_FALSE(run.has_value());
    return run.error();
  }

 protected:
  TemporaryDirectory dir_;
  std::string gil_;
  std::string ft_;
  RunOptions options_;
  InstallLayout layout_;
  Variables variables_{{"HOME", "/home/me"}};
  Machine machine_;
};

TEST_CASE_METHOD(Fixture, "The default is threads on the free-threaded interpreter", "[run]") {
  const PreparedRun run = Prepared();
  CHECK(run.mode->name == "threads");
  CHECK(run.plan.processes == 1);
  CHECK(run.plan.loops_per_process == 4);
  CHECK(run.plan.worker_program == "/libexec/ft");
  CHECK(run.plan.worker.python == ft_);
  CHECK(run.plan.worker.loops == 4);
  CHECK(run.plan.worker.max_connections == 800);
  CHECK(run.plan.worker.package_dir == "/package");
  CHECK(run.plan.worker.target == options_.target);
  CHECK(std::ranges::find(run.plan.environment, "HOME=/home/me") != run.plan.environment.end());
}

TEST_CASE_METHOD(Fixture, "Without a free-threaded interpreter the default is procs", "[run]") {
  layout_.workers.erase(layout_.workers.begin());
  const PreparedRun run = Prepared();
  CHECK(run.mode->name == "procs");
  CHECK(run.plan.processes == 4);
  CHECK(run.plan.loops_per_process == 1);
  CHECK(run.plan.worker_program == "/libexec/gil");
}

TEST_CASE_METHOD(Fixture, "A named interpreter decides the mode that is not named", "[run]") {
  options_.python = gil_;
  CHECK(Prepared().mode->name == "procs");
  options_.python = "3.14t";
  CHECK(Prepared().mode->name == "threads");
  options_.python = "3.14";
  options_.mode = "threads";
  const PreparedRun run = Prepared();
  CHECK(run.mode->name == "threads");
  CHECK(run.plan.worker_program == "/libexec/gil");
}

TEST_CASE_METHOD(Fixture, "An active virtualenv comes before the mode's interpreter", "[run]") {
  const std::string venv = WriteFakePython(dir_, "venv/bin/python", FakePython{});
  variables_["VIRTUAL_ENV"] = dir_ / "venv";
  CHECK(Prepared().plan.worker.python == venv);
  CHECK(Prepared().mode->name == "procs");
  options_.mode = "threads";
  CHECK(Prepared().plan.worker.python == venv);
  options_.python = ft_;
  CHECK(Prepared().plan.worker.python == ft_);
}

TEST_CASE_METHOD(Fixture, "A wrong TURBO_PYTHON is named as such", "[run]") {
  options_.python = "/none/python";
  CHECK(Refused().message.starts_with("--python /none/python"));
  variables_["TURBO_PYTHON"] = "/none/python";
  CHECK(Refused().message.starts_with("TURBO_PYTHON /none/python"));
}

TEST_CASE_METHOD(Fixture, "Options reach the plan", "[run]") {
  options_.mode = "procs";
  options_.workers = 3;
  options_.factory = true;
  options_.allow_gil = true;
  options_.address.port = 81;
  options_.access_log = true;
  options_.log_level = "debug";
  options_.log_format = "json";
  options_.limits.max_body = 5;
  options_.timeouts.body = std::chrono::milliseconds(7);
  options_.graceful_timeout = std::chrono::milliseconds(9);
  options_.max_connections = 11;
  options_.max_inflight = 13;
  machine_.color = true;
  const PreparedRun run = Prepared();
  CHECK(run.plan.processes == 3);
  CHECK(run.plan.address.port == 81);
  CHECK(run.plan.graceful_timeout == std::chrono::milliseconds(9));
  const engine::WorkerConfig& worker = run.plan.worker;
  CHECK(worker.factory);
  CHECK(worker.allow_gil);
  CHECK(worker.mode == "procs");
  CHECK(worker.processes == 3);
  CHECK(worker.access_log);
  CHECK(worker.log_level == "debug");
  CHECK(worker.log_format == "json");
  CHECK_FALSE(worker.log_color);
  CHECK(worker.limits.max_body == 5);
  CHECK(worker.timeouts.body == std::chrono::milliseconds(7));
  CHECK(worker.graceful_timeout_ms == 9);
  CHECK(worker.max_connections == 11);
  CHECK(worker.max_inflight == 13);
}

TEST_CASE_METHOD(Fixture, "What cannot be run is refused before anything starts", "[run]") {
  options_.max_connections = 2000;
  CHECK(Refused().exit_code == engine::ExitCode::kResourceRefused);
  CHECK(Refused().message.starts_with("not enough descriptors: --max-connections 2000 needs 2064"));
  options_.max_connections.reset();
  options_.mode = "events";
  options_.threads = 2;
  CHECK(Refused().exit_code == engine::ExitCode::kUsage);
  options_.target = dir_ / "none.py";
  CHECK(Refused().message.starts_with("no such file"));
}

TEST_CASE_METHOD(Fixture, "The shape is checked against the mode that was chosen", "[run]") {
  options_.python = gil_;
  options_.threads = 2;
  CHECK(Refused().message.find("use --mode threads --threads 2") != std::string::npos);
}

}  // namespace
}  // namespace turbo::cmd
