#pragma once

#include "registry/checked_body.h"
#include "registry/host.h"

namespace slipway::registry {

/// Sends one blob to a repository: one PUT of the whole where that is taken, chunks where a proxy limits bodies, and
/// after a cut from where the registry has it, if it says so, else again. A later run takes up the upload that a killed
/// one left open; what nobody will take up is cancelled.
class Upload {
 public:
  /// `call` is the POST that opens an upload: it has repository, scopes and words for messages; `session` is an upload
  /// that is open already, or empty.
  Upload(Host& host, Call call, const oci::Descriptor& blob, io::RestartableSource& bytes, std::string session);

  /// `there` asks whether the registry has the blob, for answers that got lost.
  Status run(const std::function<Result<bool>()>& there, std::stop_token stop);

 private:
  Status transfer(const std::function<Result<bool>()>& there, std::stop_token stop);
  /// The upload that an earlier run left open, if the registry still knows it.
  Status take_up(std::stop_token stop);
  /// Remembers where it goes on.
  void note_down();
  /// Ends an upload that was interrupted: kept where the registry says what it has, else cancelled.
  void leave();
  /// How an attempt ended when it did not fail for good.
  enum class Outcome { done, broken, lost };

  Result<Outcome> attempt(std::stop_token stop);
  Result<Outcome> whole(std::stop_token stop);
  Result<Outcome> chunks(std::stop_token stop);
  Result<Outcome> chunk(std::int64_t size, std::stop_token stop);
  Result<Outcome> close(std::stop_token stop);
  Result<Outcome> open(std::stop_token stop);
  /// The blob in the very request that opens an upload, for registries that take it so.
  Result<Outcome> open_with_all(std::stop_token stop);
  /// Goes on where the registry has it; forgets the session where it does not tell.
  Status find_offset(std::int64_t at_most, std::stop_token stop);
  Status send_smaller(std::int64_t refused);
  /// The meaning of a failed request; `last_` keeps the error.
  Result<Outcome> judge(Result<Reply> reply);
  Status take_location(const Reply& reply);

  Host& host_;
  Call call_;
  const oci::Descriptor& blob_;
  CheckedBody body_;
  std::string session_;
  UploadJournal* journal_;  // null for what is small
  UploadKey key_;
  std::int64_t sent_ = 0;      // bytes that the registry acknowledged
  std::int64_t smallest_ = 0;  // of a chunk, as the registry wants it
  bool stored_ = false;        // by the request that was to open it
  std::optional<Error> last_;
};

/// The place at which a registry's answer says that an upload goes on.
Result<std::string> location_of(const Reply& reply, const std::string& registry);

}  // namespace slipway::registry
