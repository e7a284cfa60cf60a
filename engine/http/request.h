// A parsed request: views into the connection's buffers. Valid until its response is finished;
// whoever keeps something longer copies it. Loop thread only.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/http/method.h"

namespace turbo::engine {

struct HeaderField {
  std::string_view name;   ///< as received; compare with EqualsIgnoreCase
  std::string_view value;  ///< without surrounding white space (RFC 9112 §5)
};

/// Address of a peer, as accept(2) returned it.
struct PeerAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  /// "127.0.0.1" or "::1"; empty for a Unix-domain socket.
  [[nodiscard]] std::string Host() const;
  /// 0 for a Unix-domain socket.
  [[nodiscard]] std::uint16_t Port() const;
};

struct Request {
  Method method = Method::kGet;
  std::uint8_t version_minor = 1;  ///< HTTP/1.<minor>
  bool keep_alive = true;          ///< what the client's version and Connection fields ask for
  std::string_view target;         ///< as received, e.g. "/users/1?x=2"
  std::string_view path;           ///< target's path, still percent-encoded, e.g. "/users/1"
  std::string_view query;          ///< without '?', still percent-encoded; empty if there is none
  std::span<const HeaderField> headers;
  std::string_view body;              ///< the whole body, transfer coding removed
  const PeerAddress* peer = nullptr;  ///< outlives the request; null in tests without a socket

  /// Value of the first field of this name (ASCII case-insensitive); empty data() if absent.
  [[nodiscard]] std::string_view Header(std::string_view name) const;
};

/// ASCII case-insensitive equality, for field names (RFC 9110 §5.1).
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

}  // namespace turbo::engine
