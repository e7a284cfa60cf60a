#include "engine/worker/worker_protocol.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

namespace turbo::engine {
namespace {

bool IsKnown(std::uint8_t type) {
  switch (static_cast<ControlType>(type)) {
    case ControlType::kDrain:
    case ControlType::kStop:
    case ControlType::kReady:
    case ControlType::kLoadFailed:
    case ControlType::kNotice:
      return true;
  }
  return false;
}

std::string_view CutAtCharacter(std::string_view text) {
  if (text.size() <= kMaxControlText) return text;
  std::size_t end = kMaxControlText;
  while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

}  // namespace

bool SendControl(int fd, ControlType type, std::string_view text) noexcept {
  text = CutAtCharacter(text);
  auto type_byte = static_cast<std::uint8_t>(type);
  // sendmsg(2) does not write through these pointers.
  std::array<iovec, 2> parts = {{{&type_byte, 1}, {const_cast<char*>(text.data()), text.size()}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

std::optional<ControlMessage> ReceiveControl(int fd, bool& closed) noexcept {
  closed = false;
  std::array<char, 1 + kMaxControlText> packet;
  while (true) {
    const ssize_t got = ::recv(fd, packet.data(), packet.size(), MSG_DONTWAIT);
    if (got > 0) {
      const auto type = static_cast<std::uint8_t>(packet[0]);
      if (!IsKnown(type)) continue;
      return ControlMessage{static_cast<ControlType>(type),
                            std::string(packet.data() + 1, static_cast<std::size_t>(got - 1))};
    }
    if (got < 0) {
      // A peer that closed with our packets unread leaves ECONNRESET once, before what it had sent
      // itself.
      if (errno == EINTR || errno == ECONNRESET) continue;
      if (errno == EAGAIN) return std::nullopt;
    }
    closed = true;
    return std::nullopt;
  }
}

}  // namespace turbo::engine
