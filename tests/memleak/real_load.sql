-- SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
-- The load of sqlite3, again and again: the same calls allocate each time.
CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT, city TEXT);
CREATE INDEX by_city ON people(city, name);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
	INSERT INTO people
	SELECT i, 'name ' || i * 7919 % 300, 'city ' || i % 17 FROM n;
CREATE VIEW crowded AS
	SELECT city, count(*) AS c FROM people GROUP BY city HAVING c > 5;
CREATE TRIGGER renamed AFTER UPDATE ON people BEGIN
	DELETE FROM people WHERE id = new.id + 200;
END;
SELECT * FROM crowded ORDER BY c DESC, city LIMIT 5;
SELECT a.name, group_concat(b.name) FROM people a JOIN people b USING(city)
	WHERE a.id < 20 GROUP BY a.id;
UPDATE people SET name = upper(name) || printf('%08d', id)
	WHERE city LIKE '%3' OR city IN (SELECT city FROM crowded);
SELECT json_group_array(name) FROM
	(SELECT name FROM people ORDER BY length(name), name);
SELECT name, row_number() OVER (PARTITION BY city ORDER BY name) FROM people
	WHERE id % 10 = 0;
SELECT hex(zeroblob(5000)) > replace(name, 'n', 'mm') FROM people LIMIT 2;
SELECT * FROM no_such_table;
BEGIN;
DELETE FROM people WHERE id % 3 = 0;
ROLLBACK;
EXPLAIN QUERY PLAN SELECT * FROM people WHERE city = 'city 3';
PRAGMA integrity_check;
DROP TABLE people;
DROP VIEW crowded;
VACUUM;
