#include "cmd/interpreter.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/cmd/fake_python.h"

namespace turbo::cmd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("ProbeInterpreter reads what an interpreter says of itself", "[interpreter]") {
  const TemporaryDirectory dir;
  FakePython fake;
  fake.free_threaded = true;
  fake.args = "'--enable-optimizations' '--with-lto' '--disable-gil'";
  fake.prefix = "/opt/venv";
  const std::string path = WriteFakePython(dir, "python3.14t", fake);
  const auto found = ProbeInterpreter(path, seconds(10));
  REQUIRE(found.has_value());
  CHECK(found->executable == path);
  CHECK(found->version == "3.14.4");
  CHECK(found->major == 3);
  CHECK(found->minor == 14);
  CHECK(found->tag == "cpython-314t");
  CHECK(found->free_threaded);
  CHECK_FALSE(found->gil_enabled);
  CHECK(found->in_virtualenv());
  CHECK(found->Name() == "CPython 3.14.4 free-threaded");
  CHECK(found->BuildText() == "PGO, LTO");
}

TEST_CASE("ProbeInterpreter tells builds apart", "[interpreter]") {
  const TemporaryDirectory dir;
  const auto build = [&dir](const std::string& args, const std::string& cflags) {
    FakePython fake;
    fake.args = args;
    fake.cflags = cflags;
    return ProbeInterpreter(WriteFakePython(dir, "python", fake), seconds(10)).value().BuildText();
  };
  CHECK(build("--prefix=/x", "-O3") == "no PGO, no LTO");
  CHECK(build("--with-lto=no", "") == "no PGO, no LTO");
  CHECK(build("--with-lto=thin", "") == "no PGO, LTO");
  CHECK(build("", "-fprofile-use -flto") == "PGO, LTO");
  CHECK(build("--enable-experimental-jit=yes-off", "") == "no PGO, no LTO, JIT");
}

TEST_CASE("ProbeInterpreter says what does not work", "[interpreter]") {
  const TemporaryDirectory dir;
  const auto problem = [](const std::string& path, milliseconds timeout = seconds(10)) {
    const auto found = ProbeInterpreter(path, timeout);
    REQUIRE_FALSE(found.has_value());
    CHECK(found.error().exit_code == engine::ExitCode::kUsage);
    return found.error().message;
  };
  CHECK(problem(dir / "none") == (dir / "none") + " is not a program that can be run");
  CHECK(problem(dir.Write("plain.txt", "x")).ends_with("is not a program that can be run"));
  const std::string broken =
      dir.WriteProgram("broken", "echo 'broken: no libpython' >&2\necho more >&2\nexit 127\n");
  CHECK(problem(broken) ==
        broken + " does not work as a Python interpreter (exit code 127: broken: no libpython)");
  const std::string raises = dir.WriteProgram(
      "raises",
      "printf 'Traceback (most recent call last):\\n  File x\\nKeyError: 1\\n' >&2\nexit 1\n");
  CHECK(problem(raises).ends_with("(exit code 1: KeyError: 1)"));
  const std::string other = dir.WriteProgram("other", "echo hello\n");
  CHECK(problem(other).ends_with("does not work as a Python interpreter (exit code 0)"));
  const std::string slow = dir.WriteProgram("slow", "sleep 30\n");
  CHECK(problem(slow, milliseconds(200)) == slow + " did not answer within 0.200 s");
}

TEST_CASE("IsVersionSpec knows versions from commands and paths", "[interpreter]") {
  for (const char* text : {"3.14", "3.14t", "3.9", "3.14.4", "3.14.4t"}) CHECK(IsVersionSpec(text));
  for (const char* text : {"", "3", "3.", "t", "3.t", "python3.14", "3.14.4.1", "3.14tt", "./3.14",
                           "2.7", "3.14.", "3.x"}) {
    INFO(text);
    CHECK_FALSE(IsVersionSpec(text));
  }
}

TEST_CASE("Interpreter::Matches compares whole numbers and the build", "[interpreter]") {
  Interpreter python;
  python.version = "3.14.4";
  CHECK(python.Matches("3.14"));
  CHECK(python.Matches("3.14.4"));
  CHECK_FALSE(python.Matches("3.1"));
  CHECK_FALSE(python.Matches("3.14.40"));
  CHECK_FALSE(python.Matches("3.14t"));
  python.free_threaded = true;
  CHECK(python.Matches("3.14t"));
  CHECK_FALSE(python.Matches("3.14"));
  python.version = "3.15.0rc1";
  CHECK(python.Matches("3.15t"));
  CHECK(python.Matches("3.15.0t"));
}

}  // namespace
}  // namespace turbo::cmd
