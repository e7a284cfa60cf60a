// Memory for a loop's connections: a closed connection's block serves the next one. Loop thread
// only.
#pragma once

#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "engine/base/unique_fd.h"
#include "engine/loop/connection.h"

namespace turbo::engine {

class ConnectionPool {
 public:
  ConnectionPool() { spare_.reserve(kMaxSpare); }
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;
  ~ConnectionPool() {
    for (void* block : spare_) ::operator delete(block);
  }

  /// A started connection; null if its socket cannot be watched. Throws std::bad_alloc.
  Connection* Make(LoopState& loop, UniqueFd fd, const PeerAddress& peer) {
    void* block = nullptr;
    if (spare_.empty()) {
      block = ::operator new(sizeof(Connection));
    } else {
      block = spare_.back();
      spare_.pop_back();
    }
    auto* connection = new (block) Connection(loop, std::move(fd), peer);
    if (!connection->Start()) {
      Free(connection);
      return nullptr;
    }
    return connection;
  }

  void Free(Connection* connection) noexcept {
    connection->~Connection();
    if (spare_.size() < kMaxSpare) {
      spare_.push_back(connection);
    } else {
      ::operator delete(connection);
    }
  }

 private:
  static constexpr std::size_t kMaxSpare = 1024;

  std::vector<void*> spare_;
};

}  // namespace turbo::engine
