// The mode table. Nothing below cmd/ knows a mode's name: a mode is a row of numbers that is
// resolved here, once, into how many processes run how many loops on which kind of interpreter.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace turbo::cmd {

/// How many processes, or loops in a process, a mode has.
enum class Count {
  kOne,          ///< always one
  kOneOrOption,  ///< one, unless the option says otherwise
  kCores,        ///< the usable cores, unless the option says otherwise
};

/// The interpreter that a mode takes when the user names none.
enum class InterpreterWish {
  kFreeThreaded,
  kGilBuild,
  kGilBuildOrAny,  ///< the GIL build if there is one, else whatever is there
};

struct Mode {
  std::string_view name;
  std::string_view summary;  ///< for --help
  Count processes;
  Count loops;
  InterpreterWish interpreter;
};

std::span<const Mode> Modes();
const Mode* FindMode(std::string_view name);

/// "events, threads, procs".
std::string ModeNames();

/// The numbers that a run has.
struct Shape {
  std::uint32_t processes = 1;
  std::uint32_t loops_per_process = 1;
};

/// `workers` and `threads` are -w and --threads if given; `cores` is UsableCpuCount(). A number
/// that the mode has no place for is ExitCode::kUsage, naming the mode to use instead.
engine::Result<Shape> ResolveShape(const Mode& mode, std::optional<std::uint32_t> workers,
                                   std::optional<std::uint32_t> threads, std::uint32_t cores);

}  // namespace turbo::cmd
