#include "engine/loop/epoll_hook.h"

#include <cerrno>
#include <utility>

namespace turbo::engine {
namespace {

thread_local EpollHook* current_hook = nullptr;

// In an epoll_event, our pointers are told from Asio's by their lowest bit, which alignment leaves
// free.
constexpr std::uint64_t kOurs = 1;

epoll_event EventFor(std::uint32_t events, EpollHook::Watched& watched) {
  epoll_event event{};
  event.events = events | EPOLLET;
  event.data.u64 = reinterpret_cast<std::uintptr_t>(&watched) | kOurs;
  return event;
}

EpollHook::Watched& WatchedOf(const epoll_event& event) {
  return *reinterpret_cast<EpollHook::Watched*>(
      static_cast<std::uintptr_t>(event.data.u64 & ~kOurs));
}

}  // namespace

EpollHook::Installed::Installed(EpollHook& hook) : previous_(std::exchange(current_hook, &hook)) {}

EpollHook::Installed::~Installed() { current_hook = previous_; }

bool EpollHook::Watch(int fd, std::uint32_t events, Watched& watched) {
  epoll_event event = EventFor(events, watched);
  return ::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool EpollHook::Rewatch(int fd, std::uint32_t events, Watched& watched) {
  epoll_event event = EventFor(events, watched);
  return ::epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event) == 0;
}

void EpollHook::Unwatch(int fd) { ::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr); }

int EpollHook::Wait(int epoll_fd, epoll_event* events, int max_events, int timeout) noexcept {
  EpollHook* hook = current_hook;
  if (hook == nullptr || hook->epoll_fd_ != epoll_fd) {
    return ::epoll_wait(epoll_fd, events, max_events, timeout);
  }
  return hook->WaitHere(events, max_events, timeout);
}

int EpollHook::Control(int epoll_fd, int operation, int fd, epoll_event* event) noexcept {
  EpollHook* hook = current_hook;
  if (hook != nullptr && hook->epoll_fd_ < 0) hook->epoll_fd_ = epoll_fd;
  return ::epoll_ctl(epoll_fd, operation, fd, event);
}

int EpollHook::WaitHere(epoll_event* events, int max_events, int timeout) noexcept {
  if (handler_.OnTurnEnd()) timeout = 0;
  int count = 0;
  if (timeout == 0 || observer_ == nullptr) {
    handler_.OnBeforeWait();
    count = ::epoll_wait(epoll_fd_, events, max_events, timeout);
  } else {
    if (observer_->polls_first()) {
      handler_.OnBeforeWait();
      count = ::epoll_wait(epoll_fd_, events, max_events, 0);
    }
    if (count == 0) {
      observer_->BeforeWait();
      handler_.OnBeforeWait();
      count = ::epoll_wait(epoll_fd_, events, max_events, timeout);
      const int error = errno;  // attaching may change it
      observer_->AfterWait();
      errno = error;
    }
  }
  handler_.OnWake();
  // Asio gets what is its own.
  int asios = 0;
  for (int i = 0; i < count; ++i) {
    const epoll_event event = events[i];
    if ((event.data.u64 & kOurs) != 0) {
      WatchedOf(event).OnEvents(event.events);
    } else {
      events[asios++] = event;
    }
  }
  return count < 0 ? count : asios;
}

}  // namespace turbo::engine
