// Signals as data: blocked for the life of this object and read from a descriptor, so that nothing
// is ever interrupted. Supervisor's thread; one at a time.
#pragma once

#include <csignal>
#include <optional>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace turbo::supervisor {

class SignalReader {
 public:
  /// Takes SIGTERM, SIGINT, SIGCHLD, SIGPIPE and, unless it was ignored (nohup), SIGHUP. SIGCHLD
  /// becomes default, because a parent that ignores it would make the kernel reap the workers.
  static engine::Result<SignalReader> Block();

  SignalReader(SignalReader&& other) noexcept;
  SignalReader& operator=(SignalReader&&) = delete;
  SignalReader(const SignalReader&) = delete;
  SignalReader& operator=(const SignalReader&) = delete;
  /// Gives back the mask and SIGCHLD's disposition. What is still pending of the signals above is
  /// dropped.
  ~SignalReader();

  /// Readable when Next() has something.
  [[nodiscard]] int fd() const { return fd_.get(); }
  /// The number of a signal that has arrived.
  std::optional<int> Next();
  /// As it was before: for the children.
  [[nodiscard]] const sigset_t& original_mask() const { return original_mask_; }

 private:
  SignalReader() = default;

  engine::UniqueFd fd_;
  sigset_t original_mask_{};
  struct sigaction original_child_ {};
};

}  // namespace turbo::supervisor
