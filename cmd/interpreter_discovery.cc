#include "cmd/interpreter_discovery.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "cmd/subprocess.h"

namespace turbo::cmd {
namespace {

namespace fs = std::filesystem;
using engine::ExitCode;
using engine::Fail;
using engine::Result;

constexpr int kOldestMinor = 13;

/// "cpython-314t" -> "3.14t"; "" for a tag of another shape.
std::string VersionOfTag(std::string_view tag) {
  constexpr std::string_view kPrefix = "cpython-3";
  if (!tag.starts_with(kPrefix)) return {};
  return "3." + std::string(tag.substr(kPrefix.size()));
}

/// "3.14.4t" -> "3.14t": commands are not named after the patch level.
std::string MajorMinor(const std::string& spec) {
  const std::size_t second_dot = spec.find('.', 2);
  if (second_dot == std::string::npos) return spec;
  return spec.substr(0, second_dot) + (spec.ends_with('t') ? "t" : "");
}

bool Grants(InterpreterWish wish, const Interpreter& interpreter) {
  switch (wish) {
    case InterpreterWish::kFreeThreaded:
      return interpreter.free_threaded;
    case InterpreterWish::kGilBuild:
    case InterpreterWish::kGilBuildOrAny:
      return !interpreter.free_threaded;
  }
  return false;
}

/// Equal for python and python3 of one installation, different for the virtualenvs made from it.
std::string Identity(const Candidate& candidate) {
  if (!candidate.interpreter) return candidate.path;
  std::error_code error;
  const fs::path program = fs::weakly_canonical(candidate.interpreter->executable, error);
  return candidate.interpreter->prefix + '\n' + program.string();
}

std::string PythonIn(const std::string& dir) {
  for (const char* name : {"bin/python", "bin/python3"}) {
    std::string path = (fs::path(dir) / name).string();
    if (IsExecutableFile(path)) return path;
  }
  return {};
}

/// Why turbo cannot run this interpreter, as a sentence; "" if it can.
std::string ProblemWith(const Interpreter& interpreter, const InstallLayout& layout) {
  if (interpreter.implementation != "cpython") {
    return fmt::format("{} is {} {}: turbo runs CPython 3.{} or newer", interpreter.executable,
                       interpreter.implementation, interpreter.version, kOldestMinor);
  }
  if (interpreter.major != 3 || interpreter.minor < kOldestMinor) {
    return fmt::format(
        "{} is CPython {}: turbo needs 3.{} or newer (make a virtualenv with "
        "python3.14, or name another interpreter with --python)",
        interpreter.executable, interpreter.version, kOldestMinor);
  }
  if (layout.FindWorker(interpreter.tag) == nullptr) {
    return fmt::format(
        "no worker is built for {} ({}): workers here: {}; build one with "
        "`make build TURBO_PYTHONS={}`, or name another interpreter with --python",
        interpreter.Name(), interpreter.executable, layout.WorkerTags(), interpreter.executable);
  }
  return {};
}

}  // namespace

std::string_view ShortProblem(const Interpreter& interpreter) {
  if (interpreter.implementation != "cpython") return "not CPython";
  if (interpreter.major != 3 || interpreter.minor < kOldestMinor) return "too old";
  return "no worker for it";
}

const Candidate& InterpreterDiscovery::Look(const std::string& path, const std::string& origin) {
  const auto [entry, is_new] = looked_at_.try_emplace(path);
  Candidate& candidate = entry->second;
  if (!is_new) return candidate;
  order_.push_back(path);
  candidate.path = path;
  candidate.origin = origin;
  auto probed = ProbeInterpreter(path, probe_timeout_);
  if (!probed) {
    candidate.problem = probed.error().message;
    return candidate;
  }
  candidate.problem = ProblemWith(*probed, layout_);
  candidate.interpreter = std::move(*probed);
  return candidate;
}

Result<Choice> InterpreterDiscovery::Choose(const Candidate& candidate) const {
  if (!candidate.problem.empty()) return Fail(ExitCode::kUsage, candidate.problem);
  return Choice{*candidate.interpreter, *layout_.FindWorker(candidate.interpreter->tag),
                candidate.origin};
}

std::string InterpreterDiscovery::UvCommand() { return environment_.FindOnPath("uv"); }

std::string InterpreterDiscovery::AskUv(const std::string& spec) {
  const auto [entry, is_new] = uv_answers_.try_emplace(spec);
  if (!is_new) return entry->second;
  const std::string uv = UvCommand();
  if (uv.empty()) return {};
  const auto output =
      RunProgram({uv, "python", "find", "--no-python-downloads", spec}, probe_timeout_);
  if (!output || output->exit_code != 0) return {};
  std::string path = output->out.substr(0, output->out.find('\n'));
  if (IsExecutableFile(path)) entry->second = std::move(path);
  return entry->second;
}

/// Looks at the workers' own interpreters, then on PATH, then asks uv, and stops at the first that
/// turbo can run and `accept` takes. `specs` are versions such as 3.14t, the most wanted first.
template <typename Accept>
std::optional<Choice> InterpreterDiscovery::FirstOnThisMachine(
    const std::vector<std::string>& specs, Accept accept) {
  const auto take = [&](const std::string& path, const char* origin) -> std::optional<Choice> {
    if (path.empty()) return std::nullopt;
    const Candidate& candidate = Look(path, origin);
    if (!candidate.interpreter || !candidate.problem.empty()) return std::nullopt;
    if (!accept(*candidate.interpreter)) return std::nullopt;
    auto choice = Choose(candidate);
    return choice ? std::optional<Choice>(std::move(*choice)) : std::nullopt;
  };
  for (const Worker& worker : layout_.workers) {
    if (auto choice = take(worker.built_with, "the worker's build")) return choice;
  }
  std::vector<std::string> commands;
  commands.reserve(specs.size() + 2);
  for (const std::string& spec : specs) commands.push_back("python" + spec);
  commands.insert(commands.end(), {"python3", "python"});
  for (const std::string& command : commands) {
    if (auto choice = take(environment_.FindOnPath(command), "PATH")) return choice;
  }
  for (const std::string& spec : specs) {
    if (auto choice = take(AskUv(spec), "uv")) return choice;
  }
  return std::nullopt;
}

std::optional<Choice> InterpreterDiscovery::Find(InterpreterWish wish) {
  std::vector<std::string> specs;
  for (const Worker& worker : layout_.workers) {
    const std::string spec = VersionOfTag(worker.tag);
    const bool free_threaded = spec.ends_with('t');
    if (!spec.empty() && free_threaded == (wish == InterpreterWish::kFreeThreaded)) {
      specs.push_back(spec);
    }
  }
  if (auto choice = FirstOnThisMachine(
          specs, [wish](const Interpreter& found) { return Grants(wish, found); })) {
    return choice;
  }
  if (wish != InterpreterWish::kGilBuildOrAny) return std::nullopt;
  return FirstOnThisMachine({}, [](const Interpreter&) { return true; });
}

std::string InterpreterDiscovery::FoundText() {
  std::string text;
  std::set<std::string> seen;
  for (const std::string& path : order_) {
    const Candidate& candidate = looked_at_[path];
    if (!candidate.interpreter || !seen.insert(Identity(candidate)).second) continue;
    const Interpreter& found = *candidate.interpreter;
    text += fmt::format("{}{} ({}", text.empty() ? "" : ", ", found.Name(), found.executable);
    if (!candidate.problem.empty()) text += fmt::format("; {}", ShortProblem(found));
    text += ')';
  }
  return text.empty() ? "none" : text;
}

Result<Choice> InterpreterDiscovery::ForMode(const Mode& mode) {
  if (auto choice = Find(mode.interpreter)) return *std::move(choice);
  const bool free_threaded = mode.interpreter == InterpreterWish::kFreeThreaded;
  const char* const version = free_threaded ? "3.14t" : "3.14";
  std::string other_way;
  if (free_threaded) {
    other_way = "run --mode procs, or name an interpreter with --python to run threads on the GIL";
  } else {
    other_way = "name an interpreter with --python";
  }
  return Fail(ExitCode::kUsage,
              fmt::format("--mode {} wants {} and none was found; found: {}; workers here: {}. Get "
                          "one with `make build` or `uv python install {}`, {}",
                          mode.name,
                          free_threaded ? "a free-threaded CPython (3.14t)"
                                        : "a CPython with the GIL (3.14)",
                          FoundText(), layout_.WorkerTags(), version, other_way));
}

Result<Choice> InterpreterDiscovery::ByVersion(const std::string& spec, const std::string& origin) {
  const auto matches = [&spec](const Interpreter& found) { return found.Matches(spec); };
  // A virtualenv that is active and fits is what the user means: its packages are the
  // application's.
  if (const std::string venv = environment_.Get("VIRTUAL_ENV"); !venv.empty()) {
    if (const std::string python = PythonIn(venv); !python.empty()) {
      const Candidate& candidate = Look(python, "VIRTUAL_ENV");
      if (candidate.interpreter && matches(*candidate.interpreter)) return Choose(candidate);
    }
  }
  if (auto choice = FirstOnThisMachine({spec, MajorMinor(spec)}, matches)) {
    choice->origin = origin;
    return *std::move(choice);
  }
  // One that matches but cannot be used explains itself better than "not found".
  for (const std::string& path : order_) {
    const Candidate& candidate = looked_at_[path];
    if (candidate.interpreter && matches(*candidate.interpreter)) return Choose(candidate);
  }
  return Fail(ExitCode::kUsage,
              fmt::format("no CPython {} was found for {}; found: {}; workers here: {}. Get one "
                          "with `uv python install {}`, or give the path of one",
                          spec, origin, FoundText(), layout_.WorkerTags(), spec));
}

Result<Choice> InterpreterDiscovery::Named(const std::string& name, const std::string& origin) {
  if (IsVersionSpec(name)) return ByVersion(name, origin);
  std::string path = name;
  std::error_code error;
  if (name.find('/') == std::string::npos && !fs::is_directory(name, error)) {
    path = environment_.FindOnPath(name);
    if (path.empty()) {
      return Fail(ExitCode::kUsage,
                  fmt::format("{} {}: there is no such command on PATH; give a path, or a version "
                              "such as 3.14t",
                              origin, name));
    }
  } else if (!fs::exists(name, error)) {
    return Fail(ExitCode::kUsage, fmt::format("{} {}: there is no such file", origin, name));
  } else if (fs::is_directory(name, error)) {
    path = PythonIn(name);
    if (path.empty()) {
      return Fail(ExitCode::kUsage,
                  fmt::format("{} {}: there is no bin/python in it; name a virtualenv or an "
                              "interpreter's executable",
                              origin, name));
    }
  }
  const Candidate& candidate = Look(fs::absolute(path, error).string(), origin);
  return Choose(candidate);
}

std::optional<Result<Choice>> InterpreterDiscovery::ActiveVirtualenv() {
  const std::string venv = environment_.Get("VIRTUAL_ENV");
  if (venv.empty()) return std::nullopt;
  const std::string python = PythonIn(venv);
  if (python.empty()) {
    return Fail(ExitCode::kUsage,
                fmt::format("VIRTUAL_ENV is {}, but there is no bin/python in it: make the "
                            "virtualenv again, deactivate it, or name an interpreter with --python",
                            venv));
  }
  auto choice = Choose(Look(python, "VIRTUAL_ENV"));
  if (!choice) choice.error().message = "the active virtualenv: " + choice.error().message;
  return choice;
}

std::vector<Candidate> InterpreterDiscovery::All() {
  if (const std::string venv = environment_.Get("VIRTUAL_ENV"); !venv.empty()) {
    if (const std::string python = PythonIn(venv); !python.empty()) Look(python, "VIRTUAL_ENV");
  }
  std::vector<std::string> specs;
  specs.reserve(layout_.workers.size());
  for (const Worker& worker : layout_.workers) specs.push_back(VersionOfTag(worker.tag));
  for (const char* spec : {"3.14t", "3.14", "3.13t", "3.13"}) {
    if (std::ranges::find(specs, spec) == specs.end()) specs.emplace_back(spec);
  }
  FirstOnThisMachine(specs, [](const Interpreter&) { return false; });
  std::vector<Candidate> all;
  std::set<std::string> seen;
  for (const std::string& path : order_) {
    const Candidate& candidate = looked_at_[path];
    if (seen.insert(Identity(candidate)).second) all.push_back(candidate);
  }
  return all;
}

}  // namespace turbo::cmd
