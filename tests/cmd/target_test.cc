#include "cmd/target.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "tests/cmd/temporary_directory.h"

namespace turbo::cmd {
namespace {

std::string Problem(const std::string& target) {
  const auto checked = CheckTarget(target);
  if (checked) return {};
  CHECK(checked.error().exit_code == engine::ExitCode::kUsage);
  return checked.error().message;
}

TEST_CASE("CheckTarget takes files and modules, with an attribute or without", "[target]") {
  const TemporaryDirectory dir;
  const std::string file = dir.Write("shop/app.py", "app = 1\n");
  CHECK(Problem(file).empty());
  CHECK(Problem(file + ":application").empty());
  CHECK(Problem(file + ":factory.make").empty());
  CHECK(Problem("package.module").empty());
  CHECK(Problem("package.module:app").empty());
  CHECK(Problem("module").empty());
  CHECK(Problem("_private.modul\xc3\xa9:app").empty());
}

TEST_CASE("CheckTarget says what is wrong", "[target]") {
  const TemporaryDirectory dir;
  const std::string text = dir.Write("app.txt", "hello");
  dir.Write("package/__init__.py", "");
  CHECK(Problem(dir / "app.py").starts_with("no such file: " + (dir / "app.py")));
  CHECK(Problem("nowhere.py").starts_with("no such file: nowhere.py (looked in /"));
  CHECK(Problem(dir.str()).starts_with(dir.str() + " is a directory: name a .py file in it"));
  CHECK(Problem(dir / "package").find("is a package's directory") != std::string::npos);
  CHECK(Problem(text).starts_with(text + " is not a .py file"));
  CHECK(Problem("app.py:").starts_with("\"\" is no attribute's name"));
  CHECK(Problem("app.py:1st").starts_with("\"1st\" is no attribute's name"));
  CHECK(Problem("my-module").starts_with("\"my-module\" is neither"));
  CHECK(Problem("package..module").starts_with("\"package..module\" is neither"));
  CHECK(Problem(":app").find("names no file or module") != std::string::npos);
  CHECK_FALSE(Problem("").empty());
}

}  // namespace
}  // namespace turbo::cmd
