#include "engine/http/request.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstring>

namespace turbo::engine {
namespace {

constexpr char LowerCase(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

/// The address's form for its family; storage is copied, which is what aliasing rules ask for.
template <typename Address>
Address As(const sockaddr_storage& storage) {
  Address address;
  std::memcpy(&address, &storage, sizeof(address));
  return address;
}

}  // namespace

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (LowerCase(a[i]) != LowerCase(b[i])) return false;
  }
  return true;
}

std::string_view Request::Header(std::string_view name) const {
  for (const HeaderField& field : headers) {
    if (EqualsIgnoreCase(field.name, name)) {
      // An empty value is not an absent field.
      return field.value.data() != nullptr ? field.value : std::string_view("");
    }
  }
  return {};
}

std::string PeerAddress::Host() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (storage.ss_family == AF_INET) {
    const auto address = As<sockaddr_in>(storage);
    inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
  } else if (storage.ss_family == AF_INET6) {
    const auto address = As<sockaddr_in6>(storage);
    inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size());
  }
  return text.data();
}

std::uint16_t PeerAddress::Port() const {
  if (storage.ss_family == AF_INET) return ntohs(As<sockaddr_in>(storage).sin_port);
  if (storage.ss_family == AF_INET6) return ntohs(As<sockaddr_in6>(storage).sin6_port);
  return 0;
}

}  // namespace turbo::engine
