// Memory that a connection holds only while a request is in progress: buffers for requests that
// outgrow the connection's own, bodies, and the RequestStorage of each request. One pool a loop, so
// that warm requests allocate nothing. Loop thread only; outlives its sessions.
#pragma once

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace turbo::engine {

class BufferPool;
struct RequestStorage;

/// Owner of one buffer of a BufferPool; gives it back on destruction. Uninitialised memory: pages
/// that are never written cost nothing.
class PooledBuffer {
 public:
  PooledBuffer() noexcept = default;
  PooledBuffer(PooledBuffer&& other) noexcept
      : pool_(other.pool_),
        data_(std::exchange(other.data_, nullptr)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  PooledBuffer& operator=(PooledBuffer&& other) noexcept {
    if (this != &other) {
      Release();
      pool_ = other.pool_;
      data_ = std::exchange(other.data_, nullptr);
      capacity_ = std::exchange(other.capacity_, 0);
    }
    return *this;
  }
  PooledBuffer(const PooledBuffer&) = delete;
  PooledBuffer& operator=(const PooledBuffer&) = delete;
  ~PooledBuffer() { Release(); }

  [[nodiscard]] char* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  explicit operator bool() const noexcept { return data_ != nullptr; }

  /// Gives the memory back.
  void Release() noexcept {
    if (data_ != nullptr) GiveBack();
  }

 private:
  friend class BufferPool;
  PooledBuffer(BufferPool* pool, char* data, std::size_t capacity) noexcept
      : pool_(pool), data_(data), capacity_(capacity) {}
  void GiveBack() noexcept;

  BufferPool* pool_ = nullptr;
  char* data_ = nullptr;
  std::size_t capacity_ = 0;
};

class BufferPool {
 public:
  BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  ~BufferPool();

  /// A buffer of at least `size` bytes; empty if there is no memory.
  PooledBuffer Acquire(std::size_t size) noexcept;
  /// Makes `buffer` hold at least `size` bytes; its first `used` bytes stay. False, and nothing
  /// changed, if there is no memory.
  bool Grow(PooledBuffer& buffer, std::size_t used, std::size_t size) noexcept;

  RequestStorage* AcquireStorage() {
    if (storages_.empty()) [[unlikely]]
      return NewStorage();
    RequestStorage* storage = storages_.back();
    storages_.pop_back();
    return storage;
  }
  /// `storage` holds no buffers any more.
  void ReleaseStorage(RequestStorage* storage) noexcept {
    if (storages_.size() == storages_.capacity()) [[unlikely]]
      return DeleteStorage(storage);
    storages_.push_back(storage);
  }

 private:
  friend class PooledBuffer;

  // Bigger buffers come from the heap and go back to it.
  static constexpr std::array<std::size_t, 3> kClassSizes = {4 * 1024, 16 * 1024, 64 * 1024};
  // What is kept for reuse, for each class: 1 MiB, 4 MiB and 4 MiB.
  static constexpr std::array<std::size_t, 3> kMaxKept = {256, 256, 64};
  static constexpr std::size_t kMaxStorages = 256;

  void GiveBack(char* data, std::size_t capacity) noexcept;
  static RequestStorage* NewStorage();
  static void DeleteStorage(RequestStorage* storage) noexcept;

  std::array<std::vector<char*>, kClassSizes.size()> kept_;
  std::vector<RequestStorage*> storages_;
};

}  // namespace turbo::engine
