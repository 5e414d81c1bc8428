#include "cli/signing_keys.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>

#include "cli/descriptor_line.h"
#include "cli/streams.h"
#include "slipway/base/posix.h"
#include "slipway/base/subprocess.h"
#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

constexpr std::string_view kVariable = "env://";
constexpr std::string_view kProgram = "exec:";
constexpr std::string_view kDescriptor = "fd:";
constexpr std::size_t kMostBytes = 64u << 10;

/// The text of a key, wherever it is.
Result<Secret> text_of(Context& context, const std::string& name) {
  if (!name.starts_with(kVariable)) {
    SLIPWAY_ASSIGN(std::string text, read_input(context, name, kMostBytes));
    return Secret(std::move(text));
  }
  const std::string variable = name.substr(kVariable.size());
  auto text = context.surroundings().env(variable);
  if (!text) {
    return fail(error(Errc::invalid_argument, "the variable {} of the key is not set", printable(variable, 120))
                    .with_hint("set it to the key's text, or name a file"));
  }
  ::unsetenv(variable.c_str());
  return Secret(*std::move(text));
}

/// Leaves a terminal as it was.
class Silenced {
 public:
  explicit Silenced(int terminal) : terminal_(terminal) {
    if (::tcgetattr(terminal, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(terminal, TCSAFLUSH, &silent) == 0;
  }
  Silenced(const Silenced&) = delete;
  Silenced& operator=(const Silenced&) = delete;
  ~Silenced() {
    if (changed_) ::tcsetattr(terminal_, TCSAFLUSH, &before_);
  }

 private:
  int terminal_;
  termios before_{};
  bool changed_ = false;
};

Result<Secret> typed_password(Context& context, int terminal, std::string_view prompt) {
  const Silenced silenced(terminal);
  context.surroundings().write_err(prompt);
  auto line = first_line_of(terminal, "a password");
  context.surroundings().write_err("\n");
  if (!line) return fail(std::move(line).error());
  return Secret(*std::move(line));
}

Result<Secret> password_from_terminal(Context& context, bool twice) {
  const OwnedFd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (terminal.get() < 0) {
    return fail(Error(Errc::invalid_argument, "the key needs a password")
                    .with_hint("set SLIPWAY_KEY_PASSWORD to it, or to fd:N, a descriptor that holds it"));
  }
  SLIPWAY_ASSIGN(Secret password, typed_password(context, terminal.get(), "password of the key: "));
  if (!twice) return password;
  SLIPWAY_ASSIGN(const Secret again, typed_password(context, terminal.get(), "the same password again: "));
  if (again.reveal() == password.reveal()) return password;
  return fail(Errc::invalid_argument, "the two passwords differ");
}

/// A program that signs: for keys that never leave their store.
class ProgramSigner final : public trust::Signer {
 public:
  ProgramSigner(std::string program, trust::PublicKey half, std::stop_token stop)
      : program_(std::move(program)), public_(std::move(half)), stop_(std::move(stop)) {}

  const trust::PublicKey& public_key() const override { return public_; }

  Result<std::string> sign(std::string_view message) override {
    Command command;
    command.argv = {program_};
    command.input = message;
    command.timeout = std::chrono::seconds(60);
    SLIPWAY_ASSIGN(CommandResult ended, run_command(command, stop_));
    if (ended.status != 0) return fail(refusal(fmt::format("ended with {}", ended.status)));
    if (public_.verifies(message, ended.out)) return std::move(ended.out);
    return fail(refusal("printed no signature that the public key verifies"));
  }

 private:
  Error refusal(std::string_view why) const {
    return error(Errc::failed, "the signing program {} {}", printable(program_, 300), why)
        .with_hint("it gets the bytes on standard input and prints a DER signature over SHA-256 of them");
  }

  std::string program_;
  trust::PublicKey public_;
  std::stop_token stop_;
};

}  // namespace

Result<Secret> key_password(Context& context, bool twice) {
  for (const char* name : {"SLIPWAY_KEY_PASSWORD", "COSIGN_PASSWORD"}) {
    auto text = context.surroundings().env(name);
    if (!text) continue;
    ::unsetenv(name);
    const auto descriptor = text->starts_with(kDescriptor)
                                ? parse_whole<int>(std::string_view(*text).substr(kDescriptor.size()))
                                : std::nullopt;
    if (descriptor) {
      SLIPWAY_ASSIGN(text, first_line_of(*descriptor, "the key's password"));
    }
    return Secret(*std::move(text));
  }
  return password_from_terminal(context, twice);
}

Result<trust::PrivateKey> open_private_key(Context& context, const std::string& name) {
  SLIPWAY_ASSIGN(const Secret text, text_of(context, name));
  return trust::PrivateKey::parse(text, name, [&] { return key_password(context, false); });
}

Result<trust::PublicKey> open_public_key(Context& context, const std::string& name) {
  SLIPWAY_ASSIGN(const Secret text, text_of(context, name));
  return trust::PublicKey::parse(text.reveal(), name);
}

Result<std::unique_ptr<trust::Signer>> open_signer(Context& context, const std::string& name,
                                                   const std::optional<std::string>& public_key) {
  if (name.starts_with("pkcs11:")) {
    return fail(Error(Errc::unsupported, "keys of PKCS #11 cannot be opened")
                    .with_hint("let a program sign: --key exec:PROGRAM --public-key FILE"));
  }
  if (!name.starts_with(kProgram)) {
    SLIPWAY_ASSIGN(trust::PrivateKey key, open_private_key(context, name));
    return std::make_unique<trust::PrivateKey>(std::move(key));
  }
  if (!public_key) {
    return fail(Error(Errc::invalid_argument, "a program that signs needs its public key beside it")
                    .with_hint("name it with --public-key FILE"));
  }
  SLIPWAY_ASSIGN(trust::PublicKey half, open_public_key(context, *public_key));
  return std::make_unique<ProgramSigner>(name.substr(kProgram.size()), std::move(half), context.stop());
}

}  // namespace slipway::cli
