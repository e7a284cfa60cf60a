#include "cmd/run_command.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "cmd/banner.h"
#include "cmd/target.h"
#include "cmd/terminal.h"
#include "engine/base/cpu_count.h"
#include "engine/base/log.h"
#include "supervisor/descriptors.h"
#include "supervisor/supervisor.h"

namespace turbo::cmd {
namespace {

using engine::ExitCode;
using engine::Fail;
using engine::Result;

/// Descriptors that a worker has besides its connections: sockets, epoll, log, the interpreter's
/// and the application's.
constexpr std::uint64_t kReservedDescriptors = 64;

struct Selection {
  const Mode* mode;
  Choice choice;
};

/// The mode that makes the most of an interpreter.
const Mode& DefaultMode(bool free_threaded) {
  const InterpreterWish wish =
      free_threaded ? InterpreterWish::kFreeThreaded : InterpreterWish::kGilBuild;
  return *std::ranges::find(Modes(), wish, &Mode::interpreter);
}

std::string OriginOfPython(const RunOptions& options, const Environment& environment) {
  return environment.Get("TURBO_PYTHON") == options.python ? "TURBO_PYTHON" : "--python";
}

/// What the user names, else the active virtualenv; nullopt if there is neither.
std::optional<Result<Choice>> AskedFor(const RunOptions& options, const Environment& environment,
                                       InterpreterDiscovery& discovery) {
  if (options.python.empty()) return discovery.ActiveVirtualenv();
  return discovery.Named(options.python, OriginOfPython(options, environment));
}

Result<Selection> Select(const RunOptions& options, const Environment& environment,
                         InterpreterDiscovery& discovery) {
  const Mode* const named = FindMode(options.mode);
  if (auto asked = AskedFor(options, environment, discovery)) {
    if (!*asked) return std::unexpected(asked->error());
    const Mode* mode = named != nullptr ? named : &DefaultMode((*asked)->interpreter.free_threaded);
    return Selection{mode, std::move(**asked)};
  }
  if (named == nullptr) {
    const Mode& parallel = DefaultMode(true);
    if (auto choice = discovery.Find(parallel.interpreter)) {
      return Selection{&parallel, *std::move(choice)};
    }
  }
  const Mode& mode = named != nullptr ? *named : DefaultMode(false);
  auto choice = discovery.ForMode(mode);
  if (!choice) return std::unexpected(choice.error());
  return Selection{&mode, std::move(*choice)};
}

Result<std::uint64_t> MaxConnections(const RunOptions& options, std::uint64_t descriptor_limit) {
  if (!options.max_connections) return std::max<std::uint64_t>(1, descriptor_limit / 10 * 8);
  const std::uint64_t needed = *options.max_connections + kReservedDescriptors;
  if (needed > descriptor_limit) {
    return Fail(
        ExitCode::kResourceRefused,
        fmt::format("not enough descriptors: --max-connections {} needs {}, and the limit is "
                    "{}: raise it (ulimit -Hn) or ask for fewer connections",
                    *options.max_connections, needed, descriptor_limit));
  }
  return *options.max_connections;
}

engine::WorkerConfig MakeWorkerConfig(const RunOptions& options, const InstallLayout& layout,
                                      const Selection& selection, const Shape& shape) {
  engine::WorkerConfig worker;
  worker.target = options.target;
  worker.factory = options.factory;
  worker.python = selection.choice.interpreter.executable;
  worker.package_dir = layout.package_dir;
  worker.allow_gil = options.allow_gil;
  worker.mode = selection.mode->name;
  worker.processes = shape.processes;
  worker.loops = shape.loops_per_process;
  worker.limits = options.limits;
  worker.timeouts = options.timeouts;
  worker.max_inflight = options.max_inflight;
  worker.graceful_timeout_ms = static_cast<std::uint32_t>(options.graceful_timeout.count());
  worker.access_log = options.access_log;
  worker.log_level = options.log_level;
  worker.log_format = options.log_format;
  return worker;
}

BannerLook LookFor(const RunOptions& options, bool color) {
  if (options.log_format == "json") return BannerLook::kJson;
  if (color) return BannerLook::kColorTerminal;
  return ::isatty(STDERR_FILENO) == 1 ? BannerLook::kTerminal : BannerLook::kPlain;
}

BannerFacts FactsOf(const PreparedRun& run) {
  BannerFacts facts;
  facts.version = TURBO_VERSION;
  facts.mode = run.mode->name;
  facts.processes = run.plan.processes;
  facts.loops_per_process = run.plan.loops_per_process;
  facts.interpreter = run.choice.interpreter;
  facts.notes = NotesOn(run.plan.loops_per_process, run.choice.interpreter);
  facts.pid = ::getpid();
  return facts;
}

}  // namespace

Result<PreparedRun> PrepareRun(const RunOptions& options, const InstallLayout& layout,
                               const Environment& environment, const Machine& machine) {
  if (auto checked = CheckTarget(options.target); !checked) {
    return std::unexpected(checked.error());
  }
  // A shape that the named mode cannot have is said before interpreters are looked for.
  if (const Mode* named = FindMode(options.mode); named != nullptr) {
    auto shape = ResolveShape(*named, options.workers, options.threads, machine.usable_cores);
    if (!shape) return std::unexpected(shape.error());
  }
  InterpreterDiscovery discovery(layout, environment);
  auto selection = Select(options, environment, discovery);
  if (!selection) return std::unexpected(selection.error());
  const auto shape =
      ResolveShape(*selection->mode, options.workers, options.threads, machine.usable_cores);
  if (!shape) return std::unexpected(shape.error());
  const auto max_connections = MaxConnections(options, machine.descriptor_limit);
  if (!max_connections) return std::unexpected(max_connections.error());

  PreparedRun run;
  run.mode = selection->mode;
  run.plan.address = options.address;
  run.plan.processes = shape->processes;
  run.plan.loops_per_process = shape->loops_per_process;
  run.plan.worker_program = selection->choice.worker.program;
  run.plan.environment = environment.AsList();
  run.plan.worker = MakeWorkerConfig(options, layout, *selection, *shape);
  run.plan.worker.max_connections = *max_connections;
  run.plan.worker.log_color = machine.color && options.log_format == "text";
  run.plan.graceful_timeout = options.graceful_timeout;
  run.choice = std::move(selection->choice);
  return run;
}

Result<ExitCode> RunCommand(const RunOptions& options, const InstallLayout& layout,
                            const Environment& environment,
                            std::chrono::steady_clock::time_point started) {
  Machine machine;
  machine.usable_cores = engine::UsableCpuCount();
  machine.descriptor_limit = supervisor::RaiseDescriptorLimit();
  machine.color = ShowsColor(STDERR_FILENO, environment);
  const auto run = PrepareRun(options, layout, environment, machine);
  if (!run) return std::unexpected(run.error());

  engine::LogOptions log;
  log.level = options.log_level;
  log.format = options.log_format;
  log.color = run->plan.worker.log_color;
  log.process = "supervisor";
  if (auto set_up = engine::SetUpLogging(log); !set_up) return std::unexpected(set_up.error());

  Banner banner(
      FactsOf(*run), LookFor(options, machine.color),
      [](std::string_view text) { WriteAll(STDERR_FILENO, text); }, started);
  supervisor::SupervisorEvents events;
  events.on_listening = [&banner](const std::string& url) { banner.Listening(url); };
  events.on_ready = [&banner](const std::string& line) { banner.Ready(line); };
  events.on_notice = [&banner](const std::string& line) { banner.Notice(line); };
  return supervisor::RunSupervisor(run->plan, events);
}

}  // namespace turbo::cmd
