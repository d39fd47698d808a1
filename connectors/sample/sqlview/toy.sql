-- The toy register for the kind sqlview: run it as an owner in an empty database. The gateway's role reads one view.
CREATE TABLE reader (citizen_id text, name text, card_no text, card_issued text, branch text, updated date, note text);
INSERT INTO reader VALUES
  ('999041000001', 'HOÀNG VĂN SỸ', 'TV-000001', '2009', '01', '2026-11-20', 'canary-6d1f'),
  ('999175000003', 'TRẦN THỊ BƯỞI', 'TV-000003', '2024-03-05', '02', '2026-11-20', 'canary-6d1f'),
  ('999188000006', 'H''ɃIL NIÊ KĐĂM', 'TV-000006', '2021-07', '01', '2026-11-20', 'canary-6d1f'),
  ('999095000008', 'ĐỖ MINH HOÀ', 'TV-000008', NULL, '01', '2026-11-20', 'canary-6d1f'),
  ('999201000011', 'BẾ VĂN NAM', 'TV-000011', '2020', '01', '2026-11-20', 'canary-6d1f'),
  ('999201000011', 'BẾ VĂN NAM', 'TV-000012', '2022', '01', '2026-11-20', 'canary-6d1f');
CREATE VIEW v_gate06_reader AS SELECT * FROM reader;
CREATE ROLE gate06_reader LOGIN;
GRANT SELECT ON v_gate06_reader TO gate06_reader;
