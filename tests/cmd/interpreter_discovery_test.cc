#include "cmd/interpreter_discovery.h"

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <string>

#include "tests/cmd/fake_python.h"

namespace turbo::cmd {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

/// A machine of fakes: bin/ is PATH (with /bin for the scripts' cat), workers are listed in
/// `layout`.
class FakeMachine {
 public:
  FakeMachine() { variables_["PATH"] = bin(); }

  [[nodiscard]] std::string bin() const { return dir_ / "bin"; }

  std::string AddPython(const std::string& name, const std::string& version, bool free_threaded,
                        const std::string& implementation = "cpython") {
    FakePython fake;
    fake.version = version;
    fake.free_threaded = free_threaded;
    fake.implementation = implementation;
    return WriteFakePython(dir_, name, fake);
  }

  void AddWorker(const std::string& tag, const std::string& built_with = {}) {
    layout_.workers.push_back({tag, "/libexec/turbo-worker-" + tag, built_with});
  }

  void Set(const std::string& name, const std::string& value) { variables_[name] = value; }

  template <typename Ask>
  auto operator()(Ask ask) {
    const Environment environment(variables_);
    InterpreterDiscovery discovery(layout_, environment);
    return ask(discovery);
  }

  const TemporaryDirectory& dir() const { return dir_; }

 private:
  TemporaryDirectory dir_;
  InstallLayout layout_;
  Variables variables_;
};

auto Named(const std::string& name) {
  return [name](InterpreterDiscovery& discovery) { return discovery.Named(name, "--python"); };
}

auto ForMode(const char* mode) {
  return [mode](InterpreterDiscovery& discovery) { return discovery.ForMode(*FindMode(mode)); };
}

std::string Executable(const engine::Result<Choice>& choice) {
  if (!choice) FAIL(choice.error().message);
  return choice->interpreter.executable;
}

std::string Message(const engine::Result<Choice>& choice) {
  REQUIRE_FALSE(choice.has_value());
  CHECK(choice.error().exit_code == engine::ExitCode::kUsage);
  return choice.error().message;
}

TEST_CASE("A mode takes the interpreter that its worker was built with", "[discovery]") {
  FakeMachine machine;
  const std::string ft = machine.AddPython("opt/python3.14t", "3.14.4", true);
  const std::string gil = machine.AddPython("opt/python3.14", "3.14.4", false);
  machine.AddPython("bin/python3.14t", "3.14.3", true);
  machine.AddWorker("cpython-314t", ft);
  machine.AddWorker("cpython-314", gil);
  CHECK(Executable(machine(ForMode("threads"))) == ft);
  CHECK(machine(ForMode("threads"))->worker.tag == "cpython-314t");
  CHECK(Executable(machine(ForMode("procs"))) == gil);
  CHECK(Executable(machine(ForMode("events"))) == gil);
  CHECK(machine(ForMode("events"))->origin == "the worker's build");
}

TEST_CASE("Without the worker's own interpreter PATH is searched", "[discovery]") {
  FakeMachine machine;
  machine.AddWorker("cpython-314t", "/gone/python3.14t");
  machine.AddWorker("cpython-314", "/gone/python3.14");
  const std::string ft = machine.AddPython("bin/python3.14t", "3.14.4", true);
  const std::string gil = machine.AddPython("bin/python3", "3.14.2", false);
  CHECK(Executable(machine(ForMode("threads"))) == ft);
  CHECK(Executable(machine(ForMode("procs"))) == gil);
  CHECK(machine(ForMode("procs"))->origin == "PATH");
}

TEST_CASE("uv is asked where PATH has none", "[discovery]") {
  FakeMachine machine;
  machine.AddWorker("cpython-314t");
  const std::string ft = machine.AddPython("uv-pythons/python3.14t", "3.14.4", true);
  machine.dir().WriteProgram("bin/uv",
                             "for last; do :; done\n[ \"$last\" = 3.14t ] && echo " + ft + "\n");
  const auto choice = machine(ForMode("threads"));
  REQUIRE(choice.has_value());
  CHECK(choice->interpreter.executable == ft);
  CHECK(choice->origin == "uv");
}

TEST_CASE("events runs on any interpreter if the one with the GIL is missing", "[discovery]") {
  FakeMachine machine;
  const std::string ft = machine.AddPython("opt/python3.14t", "3.14.4", true);
  machine.AddWorker("cpython-314t", ft);
  CHECK(Executable(machine(ForMode("events"))) == ft);
  CHECK_FALSE(machine(ForMode("procs")).has_value());
}

TEST_CASE("A mode without an interpreter says what was found and how to get one", "[discovery]") {
  FakeMachine machine;
  const std::string gil = machine.AddPython("opt/python3.14", "3.14.4", false);
  machine.AddWorker("cpython-314", gil);
  const std::string old = machine.AddPython("bin/python3", "3.11.2", false);
  const std::string message = Message(machine(ForMode("threads")));
  CHECK(message.starts_with(
      "--mode threads wants a free-threaded CPython (3.14t) and none was found"));
  CHECK(message.find("CPython 3.14.4 (" + gil + ")") != std::string::npos);
  CHECK(message.find("CPython 3.11.2 (" + old + "; too old)") != std::string::npos);
  CHECK(message.find("workers here: cpython-314.") != std::string::npos);
  CHECK(message.find("uv python install 3.14t") != std::string::npos);
  CHECK(message.find("--mode procs") != std::string::npos);
}

TEST_CASE("A free-threaded interpreter without a worker is not taken", "[discovery]") {
  FakeMachine machine;
  machine.AddWorker("cpython-314");
  const std::string ft = machine.AddPython("bin/python3", "3.14.4", true);
  CHECK(Message(machine(ForMode("threads"))).find("(" + ft + "; no worker for it)") !=
        std::string::npos);
}

TEST_CASE("The option --python takes a path, a virtualenv, a command and a version",
          "[discovery]") {
  FakeMachine machine;
  machine.AddWorker("cpython-314t");
  machine.AddWorker("cpython-314");
  const std::string venv = machine.AddPython("venv/bin/python", "3.14.1", false);
  const std::string on_path = machine.AddPython("bin/python3.14", "3.14.4", false);
  const std::string ft = machine.AddPython("bin/python3.14t", "3.14.4", true);
  CHECK(Executable(machine(Named(venv))) == venv);
  CHECK(Executable(machine(Named(machine.dir() / "venv"))) == venv);
  CHECK(Executable(machine(Named("python3.14"))) == on_path);
  CHECK(Executable(machine(Named("3.14"))) == on_path);
  CHECK(Executable(machine(Named("3.14t"))) == ft);
  CHECK(machine(Named("3.14t"))->worker.tag == "cpython-314t");
  CHECK(Executable(machine(Named("3.14.4t"))) == ft);
}

TEST_CASE("The option --python with a version prefers the active virtualenv if it fits",
          "[discovery]") {
  FakeMachine machine;
  machine.AddWorker("cpython-314t");
  machine.AddWorker("cpython-314");
  const std::string ft = machine.AddPython("bin/python3.14t", "3.14.4", true);
  const std::string venv = machine.AddPython("venv/bin/python", "3.14.1", false);
  machine.AddPython("bin/python3.14", "3.14.4", false);
  machine.Set("VIRTUAL_ENV", machine.dir() / "venv");
  CHECK(Executable(machine(Named("3.14"))) == venv);
  CHECK(Executable(machine(Named("3.14t"))) == ft);
}

TEST_CASE("The option --python says what it cannot take", "[discovery]") {
  FakeMachine machine;
  machine.AddWorker("cpython-314t");
  machine.AddWorker("cpython-314");
  const std::string old = machine.AddPython("bin/python3", "3.11.2", false);
  const std::string pypy = machine.AddPython("bin/pypy3", "3.14.0", false, "pypy");
  const std::string newer = machine.AddPython("bin/python3.15", "3.15.0", false);
  machine.dir().Write("empty/readme", "");
  CHECK(Message(machine(Named("python3")))
            .starts_with(old + " is CPython 3.11.2: turbo needs 3.13 or newer"));
  CHECK(Message(machine(Named(pypy))) ==
        pypy + " is pypy 3.14.0: turbo runs CPython 3.13 or newer");
  const std::string no_worker = Message(machine(Named(newer)));
  CHECK(no_worker.starts_with("no worker is built for CPython 3.15.0 (" + newer + ")"));
  CHECK(no_worker.find("workers here: cpython-314t, cpython-314") != std::string::npos);
  CHECK(no_worker.find("`make build TURBO_PYTHONS=" + newer + "`") != std::string::npos);
  CHECK(Message(machine(Named("3.15"))) == no_worker);
  CHECK(Message(machine(Named("/none/python"))) == "--python /none/python: there is no such file");
  CHECK(Message(machine(Named("python9")))
            .starts_with("--python python9: there is no such command on PATH"));
  CHECK(Message(machine(Named(machine.dir() / "empty"))).find("there is no bin/python in it") !=
        std::string::npos);
  const std::string not_found = Message(machine(Named("3.13t")));
  CHECK(not_found.starts_with("no CPython 3.13t was found for --python; found: "));
  CHECK(not_found.find("uv python install 3.13t") != std::string::npos);
}

TEST_CASE("The active virtualenv is taken, or explains itself", "[discovery]") {
  const auto active = [](InterpreterDiscovery& discovery) { return discovery.ActiveVirtualenv(); };
  FakeMachine machine;
  machine.AddWorker("cpython-314");
  CHECK_FALSE(machine(active).has_value());
  const std::string venv = machine.AddPython("venv/bin/python", "3.14.1", false);
  machine.Set("VIRTUAL_ENV", machine.dir() / "venv");
  REQUIRE(machine(active).has_value());
  CHECK(machine(active)->value().interpreter.executable == venv);
  machine.AddPython("venv/bin/python", "3.11.1", false);
  CHECK(Message(*machine(active))
            .starts_with("the active virtualenv: " + venv + " is CPython 3.11.1"));
  machine.Set("VIRTUAL_ENV", machine.dir() / "gone");
  CHECK(Message(*machine(active)).find("there is no bin/python in it") != std::string::npos);
}

TEST_CASE("All lists each interpreter once, the broken ones too", "[discovery]") {
  FakeMachine machine;
  const std::string ft = machine.AddPython("bin/python3.14t", "3.14.4", true);
  machine.AddWorker("cpython-314t", ft);
  machine.dir().WriteProgram("bin/python3", "exit 9\n");
  const auto all = machine([](InterpreterDiscovery& discovery) { return discovery.All(); });
  REQUIRE(all.size() == 2);
  CHECK(all[0].path == ft);
  CHECK(all[0].problem.empty());
  CHECK_FALSE(all[1].interpreter.has_value());
  CHECK(all[1].problem.find("exit code 9") != std::string::npos);
}

}  // namespace
}  // namespace turbo::cmd
