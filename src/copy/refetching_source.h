#pragma once

#include <memory>

#include "slipway/copy/copy.h"

namespace slipway::copy {

/// The bytes of one blob from the first source that has it; restart() fetches
/// them again, so that an upload can be retried without a temporary file.
class RefetchingSource final : public io::RestartableSource {
 public:
  RefetchingSource(const std::vector<store::ReadTarget*>& sources, const oci::Descriptor& descriptor,
                   Observer* observer)
      : sources_(sources), descriptor_(descriptor), observer_(observer) {}

  /// Errc::not_found when no source has the blob. Called by the first read otherwise.
  Status open();
  Result<std::size_t> read(std::span<std::byte> buffer) override;
  Status restart() override;
  /// The failure of the source, if it was one: an upload reports it as its own otherwise.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  const std::vector<store::ReadTarget*>& sources_;
  const oci::Descriptor& descriptor_;
  Observer* observer_;
  std::unique_ptr<io::Source> stream_;
  std::uint64_t seen_ = 0;
  std::optional<Error> failure_;
};

}  // namespace slipway::copy
