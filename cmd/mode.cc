#include "cmd/mode.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

namespace turbo::cmd {
namespace {

using engine::ExitCode;
using engine::Fail;

constexpr std::array kModes{
    Mode{"events", "one event loop in one process: the baseline", Count::kOne, Count::kOne,
         InterpreterWish::kGilBuildOrAny},
    Mode{"threads", "one event loop per core in one process (free-threaded Python)",
         Count::kOneOrOption, Count::kCores, InterpreterWish::kFreeThreaded},
    Mode{"procs", "one event loop in each of several processes (Python with the GIL)",
         Count::kCores, Count::kOne, InterpreterWish::kGilBuild},
};

std::uint32_t Resolve(Count count, std::optional<std::uint32_t> option, std::uint32_t cores) {
  switch (count) {
    case Count::kOne:
      return 1;
    case Count::kOneOrOption:
      return option.value_or(1);
    case Count::kCores:
      return option.value_or(cores);
  }
  return 1;
}

/// The first mode that has a place for more than one of what was asked, to name in a message.
std::string_view ModeWithRoom(bool several_processes, bool several_loops) {
  const auto fits = [&](const Mode& mode) {
    return (!several_processes || mode.processes != Count::kOne) &&
           (!several_loops || mode.loops != Count::kOne);
  };
  // For processes alone, `procs` is what people mean, though `threads` would take -w too.
  if (several_processes && !several_loops) {
    const auto spread = std::ranges::find(kModes, Count::kCores, &Mode::processes);
    if (spread != kModes.end()) return spread->name;
  }
  const auto found = std::ranges::find_if(kModes, fits);
  return found == kModes.end() ? kModes.front().name : found->name;
}

}  // namespace

std::span<const Mode> Modes() { return kModes; }

const Mode* FindMode(std::string_view name) {
  const auto found = std::ranges::find(kModes, name, &Mode::name);
  return found == kModes.end() ? nullptr : &*found;
}

std::string ModeNames() {
  std::string names;
  for (const Mode& mode : kModes) {
    if (!names.empty()) names += ", ";
    names += mode.name;
  }
  return names;
}

engine::Result<Shape> ResolveShape(const Mode& mode, std::optional<std::uint32_t> workers,
                                   std::optional<std::uint32_t> threads, std::uint32_t cores) {
  const bool several_processes = workers.value_or(1) > 1;
  const bool several_loops = threads.value_or(1) > 1;
  if (several_loops && mode.loops == Count::kOne) {
    return Fail(
        ExitCode::kUsage,
        fmt::format("--threads {} does not go with --mode {}, which has one event loop in a "
                    "process: use --mode {}{} --threads {}",
                    *threads, mode.name, ModeWithRoom(several_processes, true),
                    several_processes ? fmt::format(" -w {}", *workers) : "", *threads));
  }
  if (several_processes && mode.processes == Count::kOne) {
    return Fail(ExitCode::kUsage,
                fmt::format("-w {} does not go with --mode {}, which is one process: use --mode {} "
                            "-w {}",
                            *workers, mode.name, ModeWithRoom(true, false), *workers));
  }
  return Shape{Resolve(mode.processes, workers, cores), Resolve(mode.loops, threads, cores)};
}

}  // namespace turbo::cmd
