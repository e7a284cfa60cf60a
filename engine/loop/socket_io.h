// recv(2) and send(2) without the C library's wrappers. Those are thread cancellation points
// (pthreads(7)), for which they do two atomic exchanges a call as soon as the process has a second
// thread; no thread is ever cancelled here. Both never block, never raise SIGPIPE and never return
// EINTR. Any thread.
#pragma once

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace turbo::engine {

/// Bytes received, 0 at the end, or -1 with errno (EAGAIN: nothing there).
inline ssize_t ReceiveNow(int fd, char* data, std::size_t size, int flags = 0) {
  ssize_t n;
  do {
    n = ::syscall(SYS_recvfrom, fd, data, size, flags | MSG_DONTWAIT, nullptr, nullptr);
  } while (n < 0 && errno == EINTR);
  return n;
}

/// Bytes taken, or -1 with errno (EAGAIN: no room).
inline ssize_t SendNow(int fd, const char* data, std::size_t size) {
  ssize_t n;
  do {
    n = ::syscall(SYS_sendto, fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT, nullptr, 0);
  } while (n < 0 && errno == EINTR);
  return n;
}

}  // namespace turbo::engine
