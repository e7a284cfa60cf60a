#include "cmd/suggest.h"

#include <catch2/catch_test_macros.hpp>

namespace turbo::cmd {
namespace {

const std::vector<std::string> kNames{"--port",       "--python",  "--host",   "--log-level",
                                      "--log-format", "--threads", "--workers"};

TEST_CASE("Nearest finds what was mistyped", "[suggest]") {
  CHECK(Nearest("--prot", kNames) == "--port");
  CHECK(Nearest("--thread", kNames) == "--threads");
  CHECK(Nearest("--log-f", kNames) == "--log-format");
  CHECK(Nearest("--loglevel", kNames) == "--log-level");
  CHECK(Nearest("--wokers", kNames) == "--workers");
  CHECK(Nearest("--port", kNames) == "--port");
}

TEST_CASE("Nearest does not guess wildly", "[suggest]") {
  CHECK(Nearest("--certificate", kNames).empty());
  CHECK(Nearest("", kNames).empty());
  CHECK(Nearest("--port", {}).empty());
}

}  // namespace
}  // namespace turbo::cmd
