filedesc://x.arc 0.0.0.0 20200101000000 text/plain 58
1 0 ByHand
URL IP-address Archive-date Content-type Archive-length

http://example.org/one 192.0.2.1 20200101000000 text/html 127
HTTP/1.1 200 OK
Content-Type: text/html; charset=utf-8
Content-Length: 48

<p>Page one.</p><p>Page one.</p><p>Page one.</p>
http://example.org/two 192.0.2.1 20200101000000 text/html 127
HTTP/1.1 200 OK
Content-Type: text/html; charset=utf-8
Content-Length: 48

<p>Page two.</p><p>Page two.</p><p>Page two.</p>
