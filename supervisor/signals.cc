#include "supervisor/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace turbo::supervisor {

engine::Result<SignalReader> SignalReader::Block() {
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int number : {SIGTERM, SIGINT, SIGCHLD, SIGPIPE}) sigaddset(&wanted, number);
  struct sigaction hangup {};
  if (::sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN) {
    sigaddset(&wanted, SIGHUP);
  }
  SignalReader reader;
  engine::UniqueFd fd(::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd) {
    return engine::Fail(engine::ExitCode::kResourceRefused,
                        std::string("no descriptor for signals: ") + std::strerror(errno));
  }
  struct sigaction child {};
  child.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &child, &reader.original_child_);
  ::sigprocmask(SIG_BLOCK, &wanted, &reader.original_mask_);
  reader.fd_ = std::move(fd);
  return reader;
}

SignalReader::SignalReader(SignalReader&& other) noexcept
    : fd_(std::move(other.fd_)),
      original_mask_(other.original_mask_),
      original_child_(other.original_child_) {}

SignalReader::~SignalReader() {
  if (!fd_) return;
  while (Next()) {
  }
  ::sigaction(SIGCHLD, &original_child_, nullptr);
  ::sigprocmask(SIG_SETMASK, &original_mask_, nullptr);
}

std::optional<int> SignalReader::Next() {
  signalfd_siginfo info{};
  ssize_t got = 0;
  do {
    got = ::read(fd_.get(), &info, sizeof info);
  } while (got < 0 && errno == EINTR);
  if (got != sizeof info) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

}  // namespace turbo::supervisor
