// A small HTTP service: greets, says what its config hashes to, and compresses
// when asked. It links libstdc++, OpenSSL's libcrypto and zlib, as services do.
#include <arpa/inet.h>
#include <openssl/evp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

std::string setting(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : fallback;
}

std::string sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), raw.data(), &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    std::array<char, 3> pair{};
    std::snprintf(pair.data(), pair.size(), "%02x", raw[i]);
    hex += pair.data();
  }
  return hex;
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string answer(std::string_view request) {
  const bool health = request.rfind("GET /healthz ", 0) == 0;
  const bool root = request.rfind("GET / ", 0) == 0;
  const std::string greeting = setting("GREETING", "hello");
  std::string body = health ? "ok\n" : root ? greeting + "\nconfig sha256:" + sha256(greeting) + "\n" : "not found\n";
  std::string headers = health || root ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.1 404 Not Found\r\n";
  if (request.find("Accept-Encoding: gzip") != std::string_view::npos) {
    body = gzip(body);
    headers += "Content-Encoding: gzip\r\n";
  }
  return headers + "Content-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

int serve(int port) {
  const int server = ::socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  ::setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::bind(server, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(server, 16) != 0) {
    std::perror("hello-service: cannot listen");
    return 1;
  }
  std::printf("listening on port %d\n", port);
  std::fflush(stdout);
  while (true) {
    const int client = ::accept(server, nullptr, nullptr);
    if (client < 0) continue;
    std::array<char, 8192> buffer{};
    const ssize_t n = ::read(client, buffer.data(), buffer.size());
    const std::string reply = answer(std::string_view(buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0));
    [[maybe_unused]] const ssize_t written = ::write(client, reply.data(), reply.size());
    ::close(client);
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  // Answers one request without a socket: enough to see that every library is there.
  if (argc > 1 && std::string_view(argv[1]) == "--self-check") {
    std::fputs(answer("GET / HTTP/1.1\r\n\r\n").c_str(), stdout);
    return 0;
  }
  return serve(std::atoi(setting("PORT", "8080").c_str()));
}
