// What is known of one Python interpreter: it is asked in a short subprocess, as `turbo` itself
// links no Python.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace turbo::cmd {

struct Interpreter {
  std::string executable;      ///< sys.executable: an absolute path, a virtualenv's own
  std::string implementation;  ///< sys.implementation.name: "cpython"
  std::string version;         ///< "3.14.4", "3.15.0rc1"
  int major = 0;
  int minor = 0;
  std::string tag;             ///< of the worker that fits: "cpython-314t"
  bool free_threaded = false;  ///< built with --disable-gil
  bool gil_enabled = true;     ///< as it starts, before any import
  std::string prefix;          ///< sys.prefix: the virtualenv's folder
  std::string base_prefix;  ///< sys.base_prefix: of the interpreter that a virtualenv was made from
  std::vector<std::string>
      build_flags;  ///< what tells two builds apart in speed: "PGO", "LTO", "JIT", "debug"

  [[nodiscard]] bool in_virtualenv() const { return prefix != base_prefix; }

  /// "CPython 3.14.4 free-threaded".
  [[nodiscard]] std::string Name() const;

  /// "PGO, LTO" or "no PGO, no LTO".
  [[nodiscard]] std::string BuildText() const;

  /// True if it satisfies "3.14", "3.14t" or "3.14.4" (IsVersionSpec).
  [[nodiscard]] bool Matches(std::string_view spec) const;
};

/// "3.14", "3.14t", "3.14.4": a version in place of a path. A trailing t wants the free-threaded
/// build, its absence the build with the GIL.
bool IsVersionSpec(std::string_view text);

/// Asks the interpreter. Errors are ExitCode::kUsage, with a sentence that names the executable: it
/// cannot be run, does not answer in time, is not Python. One that is merely no use to turbo (PyPy,
/// too old) is no error here.
engine::Result<Interpreter> ProbeInterpreter(const std::string& executable,
                                             std::chrono::milliseconds timeout);

}  // namespace turbo::cmd
