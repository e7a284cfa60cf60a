#include "cmd/mode.h"

#include <catch2/catch_test_macros.hpp>

namespace turbo::cmd {
namespace {

Shape Resolved(const char* mode, std::optional<std::uint32_t> workers,
               std::optional<std::uint32_t> threads, std::uint32_t cores) {
  const auto shape = ResolveShape(*FindMode(mode), workers, threads, cores);
  REQUIRE(shape.has_value());
  return *shape;
}

std::string Refusal(const char* mode, std::optional<std::uint32_t> workers,
                    std::optional<std::uint32_t> threads) {
  const auto shape = ResolveShape(*FindMode(mode), workers, threads, 8);
  REQUIRE_FALSE(shape.has_value());
  CHECK(shape.error().exit_code == engine::ExitCode::kUsage);
  return shape.error().message;
}

TEST_CASE("The mode table resolves to processes and loops", "[mode]") {
  struct Row {
    const char* mode;
    std::optional<std::uint32_t> workers;
    std::optional<std::uint32_t> threads;
    std::uint32_t cores;
    std::uint32_t processes;
    std::uint32_t loops;
  };
  const Row rows[] = {
      {"events", {}, {}, 8, 1, 1},  {"events", 1, 1, 8, 1, 1},   {"threads", {}, {}, 8, 1, 8},
      {"threads", {}, {}, 1, 1, 1}, {"threads", {}, 3, 8, 1, 3}, {"threads", 2, 8, 4, 2, 8},
      {"threads", 2, {}, 4, 2, 4},  {"procs", {}, {}, 8, 8, 1},  {"procs", 4, {}, 8, 4, 1},
      {"procs", {}, 1, 2, 2, 1},    {"procs", 1, {}, 8, 1, 1},
  };
  for (const Row& row : rows) {
    INFO(row.mode << " -w " << row.workers.value_or(0) << " --threads " << row.threads.value_or(0));
    const Shape shape = Resolved(row.mode, row.workers, row.threads, row.cores);
    CHECK(shape.processes == row.processes);
    CHECK(shape.loops_per_process == row.loops);
  }
}

TEST_CASE("A number that a mode has no place for names the mode to use", "[mode]") {
  CHECK(Refusal("events", 2, {}).find("use --mode procs -w 2") != std::string::npos);
  CHECK(Refusal("events", {}, 4).find("use --mode threads --threads 4") != std::string::npos);
  CHECK(Refusal("events", 2, 4).find("use --mode threads -w 2 --threads 4") != std::string::npos);
  CHECK(Refusal("procs", {}, 4).find("use --mode threads --threads 4") != std::string::npos);
  CHECK(Refusal("procs", 2, 4).find("use --mode threads -w 2 --threads 4") != std::string::npos);
}

TEST_CASE("Modes are found by name", "[mode]") {
  CHECK(ModeNames() == "events, threads, procs");
  for (const Mode& mode : Modes()) CHECK(FindMode(mode.name) == &mode);
  CHECK(FindMode("thread") == nullptr);
  CHECK(FindMode("") == nullptr);
}

}  // namespace
}  // namespace turbo::cmd
