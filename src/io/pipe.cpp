#include "slipway/io/pipe.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <vector>

namespace slipway::io {
namespace {

/// The ring both ends share.
struct Channel {
  explicit Channel(std::size_t capacity) : ring(capacity) {}

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::byte> ring;
  std::size_t begin = 0;
  std::size_t used = 0;
  bool finished = false;
  bool writer_gone = false;
  bool reader_gone = false;
};

class PipeSource final : public Source {
 public:
  explicit PipeSource(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}
  ~PipeSource() override {
    const std::scoped_lock lock(channel_->mutex);
    channel_->reader_gone = true;
    channel_->changed.notify_all();
  }

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    std::unique_lock lock(channel_->mutex);
    Channel& c = *channel_;
    c.changed.wait(lock, [&] { return c.used > 0 || c.finished || c.writer_gone; });
    if (c.used == 0 && !c.finished) return fail(Errc::failed, "the writing end of a pipe failed");
    const std::size_t n = std::min({buffer.size(), c.used, c.ring.size() - c.begin});
    if (n > 0) std::memcpy(buffer.data(), c.ring.data() + c.begin, n);
    c.begin = (c.begin + n) % c.ring.size();
    c.used -= n;
    c.changed.notify_all();
    return n;
  }

 private:
  std::shared_ptr<Channel> channel_;
};

class PipeSink final : public Sink {
 public:
  explicit PipeSink(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}
  ~PipeSink() override {
    const std::scoped_lock lock(channel_->mutex);
    channel_->writer_gone = true;
    channel_->changed.notify_all();
  }

  Status write(Bytes bytes) override {
    std::unique_lock lock(channel_->mutex);
    Channel& c = *channel_;
    while (!bytes.empty()) {
      c.changed.wait(lock, [&] { return c.used < c.ring.size() || c.reader_gone; });
      if (c.reader_gone) return fail(Errc::failed, "the reading end of a pipe failed");
      const std::size_t end = (c.begin + c.used) % c.ring.size();
      const std::size_t n = std::min({bytes.size(), c.ring.size() - c.used, c.ring.size() - end});
      std::memcpy(c.ring.data() + end, bytes.data(), n);
      c.used += n;
      bytes = bytes.subspan(n);
      c.changed.notify_all();
    }
    return {};
  }

  Status finish() override {
    const std::scoped_lock lock(channel_->mutex);
    channel_->finished = true;
    channel_->changed.notify_all();
    return {};
  }

 private:
  std::shared_ptr<Channel> channel_;
};

}  // namespace

std::pair<std::unique_ptr<Source>, std::unique_ptr<Sink>> make_pipe(std::size_t capacity) {
  auto channel = std::make_shared<Channel>(std::max<std::size_t>(capacity, 1));
  return {std::make_unique<PipeSource>(channel), std::make_unique<PipeSink>(channel)};
}

}  // namespace slipway::io
