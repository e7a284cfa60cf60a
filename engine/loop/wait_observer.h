// Told when a loop's thread is about to sleep in epoll_wait(2) and when it woke. This is where an
// interpreter is detached and attached, so that every handler runs attached and no thread sleeps
// attached.
#pragma once

namespace turbo::engine {

class WaitObserver {
 public:
  virtual ~WaitObserver() = default;

  /// True: the loop first looks without sleeping (epoll_wait with time-out 0) and calls BeforeWait
  /// only when there is nothing to do. Right where being detached is dear, i.e. where several
  /// threads share a GIL.
  [[nodiscard]] virtual bool polls_first() const noexcept = 0;

  virtual void BeforeWait() noexcept = 0;
  virtual void AfterWait() noexcept = 0;
};

}  // namespace turbo::engine
