// Asio, compiled once (ASIO_SEPARATE_COMPILATION), with its epoll_wait(2) and epoll_ctl(2) calls
// going through EpollHook. The system's header comes first, so that the macros meet only the calls
// in Asio's sources.
#include <sys/epoll.h>

#include "engine/loop/epoll_hook.h"

namespace {

inline int TurboEpollWait(int epoll_fd, epoll_event* events, int max_events, int timeout) {
  return turbo::engine::EpollHook::Wait(epoll_fd, events, max_events, timeout);
}

inline int TurboEpollControl(int epoll_fd, int operation, int fd, epoll_event* event) {
  return turbo::engine::EpollHook::Control(epoll_fd, operation, fd, event);
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): the names are the system's
#define epoll_wait TurboEpollWait
#define epoll_ctl TurboEpollControl
// NOLINTEND(readability-identifier-naming)

#include "asio/impl/src.hpp"
