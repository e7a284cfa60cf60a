// The process's CPython: started as the chosen executable would start it (prefix, virtualenv,
// site-packages, PYTHON* environment), and finalised at the end. The thread that makes it is
// Python's main thread and destroys it.
#pragma once

#include <Python.h>

#include <memory>
#include <string>

#include "engine/base/result.h"

namespace turbo::pyembed {

struct InterpreterConfig {
  std::string executable;   ///< sys.executable; decides over prefix and site-packages, as in a
                            ///< virtualenv. Empty: libpython's own
  std::string package_dir;  ///< goes to the end of sys.path
  std::string target;       ///< sys.argv[0]
};

class Interpreter {
 public:
  /// Starts Python; the calling thread is attached from then on. Once per process.
  static engine::Result<std::unique_ptr<Interpreter>> Start(const InterpreterConfig& config);
  /// Attached, with no other thread of ours left. Waits for Python's non-daemon threads and runs
  /// its atexit handlers.
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  /// For thread states of further threads.
  [[nodiscard]] PyInterpreterState* state() const noexcept { return state_; }

  /// "CPython 3.14.4 free-threaded, GIL off": for the start-up banner.
  [[nodiscard]] static std::string Description();

 private:
  explicit Interpreter(PyInterpreterState* state) noexcept : state_(state) {}
  PyInterpreterState* state_;
};

}  // namespace turbo::pyembed
