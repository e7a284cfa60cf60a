// The messages on the control socket between the supervisor and a worker: an AF_UNIX SOCK_SEQPACKET
// pair, one message a packet, first byte the type. End of file means that the other side has gone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace turbo::engine {

enum class ControlType : std::uint8_t {
  // supervisor -> worker
  kDrain = 1,  ///< stop accepting, finish what is in flight, exit 0
  kStop = 2,   ///< cut everything, exit 0
  // worker -> supervisor
  kReady = 16,       ///< every loop accepts; text: interpreter's version line for the banner
  kLoadFailed = 17,  ///< the application cannot be served; text: one sentence (the traceback went
                     ///< to stderr); the worker exits with 3
  kNotice = 18,      ///< text: a line for the start-up banner (e.g. the GIL's state)
};

struct ControlMessage {
  ControlType type;
  std::string text;
};

/// A longer text is cut here (at a character's boundary): a packet must fit any socket buffer.
inline constexpr std::size_t kMaxControlText = 8 * 1024;

/// Sends one packet, never blocking and without SIGPIPE; false if the peer is gone or its queue is
/// full. Any thread.
bool SendControl(int fd, ControlType type, std::string_view text = {}) noexcept;

/// Receives one packet, never blocking. nullopt with `closed` set at end of file, nullopt alone if
/// there is none. What the peer sent before it died is still delivered; packets of an unknown type
/// are skipped. One thread a descriptor.
std::optional<ControlMessage> ReceiveControl(int fd, bool& closed) noexcept;

}  // namespace turbo::engine
