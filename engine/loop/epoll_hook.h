// Where Asio's reactor meets the kernel. Asio's own epoll_wait(2) and epoll_ctl(2) calls are
// compiled (asio_impl.cc) to go through here. So a loop knows when it sleeps and wakes, and its
// connections can be watched by the same epoll instance with the kernel's own edge-triggered
// reports, without an operation to be armed again for each request; everything else (timers,
// listeners, other descriptors) is Asio's as it is. Loop thread only; without a hook installed for
// the thread, Asio's calls are the kernel's.
#pragma once

#include <sys/epoll.h>

#include <cstdint>

#include "engine/loop/wait_observer.h"

namespace turbo::engine {

class EpollHook {
 public:
  /// Something with a descriptor of its own in the loop's epoll instance.
  class Watched {
   public:
    /// What epoll_wait reported (EPOLLIN and so on). Called while the loop is about to handle a
    /// wake-up; may watch and unwatch anything, and start and post operations. Lives on until the
    /// next OnTurnEnd.
    virtual void OnEvents(std::uint32_t events) noexcept = 0;

   protected:
    ~Watched() = default;
  };

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

  /// Installs the hook for this thread while it lives. The first time must enclose the making of
  /// the reactor.
  class Installed {
   public:
    explicit Installed(EpollHook& hook);
    Installed(const Installed&) = delete;
    Installed& operator=(const Installed&) = delete;
    ~Installed();

   private:
    EpollHook* previous_;
  };

  /// The reactor was made under this hook, and uses epoll.
  [[nodiscard]] bool ready() const { return epoll_fd_ >= 0; }

  /// Watches `fd` edge-triggered for `events`; what is there already is reported too. False with
  /// errno.
  bool Watch(int fd, std::uint32_t events, Watched& watched);
  /// Changes the events; what is there already is reported again.
  bool Rewatch(int fd, std::uint32_t events, Watched& watched);
  /// To be called before the descriptor is closed: a process that the application forked may hold
  /// it open.
  void Unwatch(int fd);

  static int Wait(int epoll_fd, epoll_event* events, int max_events, int timeout) noexcept;
  static int Control(int epoll_fd, int operation, int fd, epoll_event* event) noexcept;

 private:
  int WaitHere(epoll_event* events, int max_events, int timeout) noexcept;

  TurnHandler& handler_;
  WaitObserver* observer_;
  int epoll_fd_ = -1;  ///< the reactor's
};

}  // namespace turbo::engine
