// Chooses the interpreter that serves the application: what the user names (--python,
// TURBO_PYTHON), else the active virtualenv, else what the mode wants among the interpreters that
// the workers were built with, those on PATH and those that `uv` knows. Main thread, before the
// supervisor runs.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/environment.h"
#include "cmd/install_layout.h"
#include "cmd/interpreter.h"
#include "cmd/mode.h"
#include "engine/base/result.h"

namespace turbo::cmd {

/// An interpreter together with the worker that runs it.
struct Choice {
  Interpreter interpreter;
  Worker worker;
  std::string origin;  ///< where it comes from: "--python", "VIRTUAL_ENV", "the worker's build",
                       ///< "PATH", "uv"
};

/// One that was looked at, for `turbo info` and for messages.
struct Candidate {
  std::string path;  ///< as found
  std::string origin;
  std::optional<Interpreter> interpreter;  ///< nullopt: it does not work
  std::string problem;                     ///< why turbo cannot use it; "" if it can
};

/// In a few words, for lists, why turbo cannot use an interpreter that it cannot use.
std::string_view ShortProblem(const Interpreter& interpreter);

class InterpreterDiscovery {
 public:
  /// Both must outlive it.
  InterpreterDiscovery(const InstallLayout& layout, const Environment& environment)
      : layout_(layout), environment_(environment) {}

  /// What the user asked for: a path (of an executable or of a virtualenv), a version (3.14, 3.14t)
  /// or a command. `origin` is how it was asked, for messages ("--python", "TURBO_PYTHON").
  engine::Result<Choice> Named(const std::string& name, const std::string& origin);

  /// The active virtualenv's interpreter; nullopt if none is active.
  std::optional<engine::Result<Choice>> ActiveVirtualenv();

  /// The best that is there for the wish; Error if there is none, saying what was found and how to
  /// get one.
  engine::Result<Choice> ForMode(const Mode& mode);

  /// As ForMode, but nullopt in place of the explanation.
  std::optional<Choice> Find(InterpreterWish wish);

  /// Everything that can be found, each executable once.
  std::vector<Candidate> All();

  void set_probe_timeout(std::chrono::milliseconds timeout) { probe_timeout_ = timeout; }

 private:
  const Candidate& Look(const std::string& path, const std::string& origin);
  engine::Result<Choice> Choose(const Candidate& candidate) const;
  engine::Result<Choice> ByVersion(const std::string& spec, const std::string& origin);
  std::string AskUv(const std::string& spec);
  std::string UvCommand();
  std::string FoundText();

  template <typename Accept>
  std::optional<Choice> FirstOnThisMachine(const std::vector<std::string>& specs, Accept accept);

  const InstallLayout& layout_;
  const Environment& environment_;
  std::chrono::milliseconds probe_timeout_{10'000};
  std::map<std::string, Candidate> looked_at_;     ///< by path as found
  std::vector<std::string> order_;                 ///< keys of looked_at_ in the order of looking
  std::map<std::string, std::string> uv_answers_;  ///< by version asked
};

}  // namespace turbo::cmd
