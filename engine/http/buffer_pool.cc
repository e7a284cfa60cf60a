#include "engine/http/buffer_pool.h"

#include <cstdlib>
#include <cstring>

#include "engine/http/request_storage.h"

namespace turbo::engine {

void PooledBuffer::GiveBack() noexcept {
  pool_->GiveBack(std::exchange(data_, nullptr), std::exchange(capacity_, 0));
}

BufferPool::BufferPool() {
  // Room for all that may be kept: giving back never allocates.
  for (std::size_t i = 0; i < kept_.size(); ++i) kept_[i].reserve(kMaxKept[i]);
  storages_.reserve(kMaxStorages);
}

BufferPool::~BufferPool() {
  for (auto& buffers : kept_) {
    for (char* data : buffers) std::free(data);
  }
  for (RequestStorage* storage : storages_) DeleteStorage(storage);
}

PooledBuffer BufferPool::Acquire(std::size_t size) noexcept {
  for (std::size_t i = 0; i < kClassSizes.size(); ++i) {
    if (size > kClassSizes[i]) continue;
    if (!kept_[i].empty()) {
      char* data = kept_[i].back();
      kept_[i].pop_back();
      return {this, data, kClassSizes[i]};
    }
    size = kClassSizes[i];
    break;
  }
  auto* data = static_cast<char*>(std::malloc(size));
  return data == nullptr ? PooledBuffer{} : PooledBuffer{this, data, size};
}

bool BufferPool::Grow(PooledBuffer& buffer, std::size_t used, std::size_t size) noexcept {
  if (size <= buffer.capacity()) return true;
  if (buffer.capacity() > kClassSizes.back()) {
    // Large: the kernel moves pages instead of bytes (mremap(2)).
    auto* data = static_cast<char*>(std::realloc(buffer.data_, size));
    if (data == nullptr) return false;
    buffer.data_ = data;
    buffer.capacity_ = size;
    return true;
  }
  PooledBuffer bigger = Acquire(size);
  if (!bigger) return false;
  if (used != 0) std::memcpy(bigger.data(), buffer.data(), used);
  buffer = std::move(bigger);
  return true;
}

void BufferPool::GiveBack(char* data, std::size_t capacity) noexcept {
  for (std::size_t i = 0; i < kClassSizes.size(); ++i) {
    if (capacity == kClassSizes[i] && kept_[i].size() < kMaxKept[i]) {
      kept_[i].push_back(data);
      return;
    }
  }
  std::free(data);
}

RequestStorage* BufferPool::NewStorage() { return new RequestStorage; }

void BufferPool::DeleteStorage(RequestStorage* storage) noexcept { delete storage; }

}  // namespace turbo::engine
