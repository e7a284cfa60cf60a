// Where Asio's reactor meets the kernel. Asio's own epoll_wait(2) and epoll_ctl(2) calls are
// compiled (asio_impl.cc) to go through here, so that a loop knows when it sleeps and wakes, and
// can leave out system calls that it knows to be needless. Everything else of Asio is as it is.
// Loop thread only; without a hook installed for the thread, the calls are the kernel's.
#pragma once

#include <sys/epoll.h>

#include <cstdint>

#include "engine/loop/wait_observer.h"

namespace turbo::engine {

class EpollHook {
 public:
  /// What a loop does around its waits.
  class TurnHandler {
   public:
    /// All handlers of the last wake-up have run. Attached (WaitObserver). May start and post
    /// operations; true if handlers wait to be run because of that, so that there must be no sleep.
    virtual bool OnTurnEnd() noexcept = 0;
    /// About to look for events, possibly sleeping, possibly detached: only what needs no
    /// interpreter.
    virtual void OnBeforeWait() noexcept = 0;
    /// Events are about to be handled. Attached.
    virtual void OnWake() noexcept = 0;

   protected:
    ~TurnHandler() = default;
  };

  /// `observer` may be null. Both outlive the hook.
  EpollHook(TurnHandler& handler, WaitObserver* observer)
      : handler_(handler), observer_(observer) {}
  EpollHook(const EpollHook&) = delete;
  EpollHook& operator=(const EpollHook&) = delete;

  /// Installs the hook for this thread while it lives.
  class Installed {
   public:
    explicit Installed(EpollHook& hook);
    Installed(const Installed&) = delete;
    Installed& operator=(const Installed&) = delete;
    ~Installed();

   private:
    EpollHook* previous_;
  };

  /// While it lives, arming a wait on a descriptor of this thread's loop tells the kernel nothing.
  /// Right only for a descriptor that has just been read empty, and that was not reported as
  /// half-closed: edge-triggered, it then reports whatever comes (epoll(7)), so that Asio's
  /// EPOLL_CTL_MOD, which looks at the descriptor's state again, would find nothing.
  class QuietArm {
   public:
    explicit QuietArm(EpollHook& hook) : hook_(hook) { hook_.quiet_ = true; }
    QuietArm(const QuietArm&) = delete;
    QuietArm& operator=(const QuietArm&) = delete;
    ~QuietArm() { hook_.quiet_ = false; }

   private:
    EpollHook& hook_;
  };

  /// One of the events being handled may be a peer's FIN. Where a FIN came together with data, a
  /// short read does not mean that nothing is left to be read, and no further edge comes.
  [[nodiscard]] bool peer_closing() const { return turn_ - last_closing_turn_ <= 1; }

  static int Wait(int epoll_fd, epoll_event* events, int max_events, int timeout) noexcept;
  static int Control(int epoll_fd, int operation, int fd, epoll_event* event) noexcept;

 private:
  int WaitHere(int epoll_fd, epoll_event* events, int max_events, int timeout) noexcept;

  TurnHandler& handler_;
  WaitObserver* observer_;
  bool quiet_ = false;
  // A completion may run one turn later than its event; two turns are looked back on therefore.
  std::uint64_t turn_ = 2;
  std::uint64_t last_closing_turn_ = 0;
};

}  // namespace turbo::engine
