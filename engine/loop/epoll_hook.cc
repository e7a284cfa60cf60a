#include "engine/loop/epoll_hook.h"

#include <cerrno>
#include <utility>

namespace turbo::engine {
namespace {

thread_local EpollHook* current_hook = nullptr;

}  // namespace

EpollHook::Installed::Installed(EpollHook& hook) : previous_(std::exchange(current_hook, &hook)) {}

EpollHook::Installed::~Installed() { current_hook = previous_; }

int EpollHook::Wait(int epoll_fd, epoll_event* events, int max_events, int timeout) noexcept {
  EpollHook* hook = current_hook;
  if (hook == nullptr) return ::epoll_wait(epoll_fd, events, max_events, timeout);
  return hook->WaitHere(epoll_fd, events, max_events, timeout);
}

int EpollHook::Control(int epoll_fd, int operation, int fd, epoll_event* event) noexcept {
  if (operation == EPOLL_CTL_MOD && current_hook != nullptr && current_hook->quiet_) return 0;
  if (operation != EPOLL_CTL_DEL) event->events |= EPOLLRDHUP;  // see peer_closing()
  return ::epoll_ctl(epoll_fd, operation, fd, event);
}

int EpollHook::WaitHere(int epoll_fd, epoll_event* events, int max_events, int timeout) noexcept {
  if (handler_.OnTurnEnd()) timeout = 0;
  int count = 0;
  if (timeout == 0 || observer_ == nullptr) {
    handler_.OnBeforeWait();
    count = ::epoll_wait(epoll_fd, events, max_events, timeout);
  } else {
    if (observer_->polls_first()) {
      handler_.OnBeforeWait();
      count = ::epoll_wait(epoll_fd, events, max_events, 0);
    }
    if (count == 0) {
      observer_->BeforeWait();
      handler_.OnBeforeWait();
      count = ::epoll_wait(epoll_fd, events, max_events, timeout);
      const int error = errno;  // attaching may change it
      observer_->AfterWait();
      errno = error;
    }
  }
  ++turn_;
  for (int i = 0; i < count; ++i) {
    if ((events[i].events & EPOLLRDHUP) != 0) {
      last_closing_turn_ = turn_;
      break;
    }
  }
  handler_.OnWake();
  return count;
}

}  // namespace turbo::engine
