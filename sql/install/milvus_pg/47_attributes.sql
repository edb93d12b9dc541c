
-- attributes: further columns of vector indexes, to filter by

CREATE OPERATOR CLASS text_ops
	DEFAULT FOR TYPE text USING ivf AS
	OPERATOR 3 =;
COMMENT ON OPERATOR CLASS text_ops USING ivf IS 'attribute of type text';
COMMENT ON OPERATOR FAMILY text_ops USING ivf IS 'attribute of type text';
CREATE OPERATOR FAMILY integer_ops USING ivf;
COMMENT ON OPERATOR FAMILY integer_ops USING ivf IS 'attributes of integer types';
CREATE OPERATOR CLASS int2_ops
	DEFAULT FOR TYPE int2 USING ivf FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS int2_ops USING ivf IS 'attribute of type int2';
CREATE OPERATOR CLASS int4_ops
	DEFAULT FOR TYPE int4 USING ivf FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS int4_ops USING ivf IS 'attribute of type int4';
CREATE OPERATOR CLASS int8_ops
	DEFAULT FOR TYPE int8 USING ivf FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS int8_ops USING ivf IS 'attribute of type int8';
ALTER OPERATOR FAMILY integer_ops USING ivf ADD
	OPERATOR 1 < (int2, int4),
	OPERATOR 2 <= (int2, int4),
	OPERATOR 3 = (int2, int4),
	OPERATOR 4 >= (int2, int4),
	OPERATOR 5 > (int2, int4),
	OPERATOR 1 < (int2, int8),
	OPERATOR 2 <= (int2, int8),
	OPERATOR 3 = (int2, int8),
	OPERATOR 4 >= (int2, int8),
	OPERATOR 5 > (int2, int8),
	OPERATOR 1 < (int4, int2),
	OPERATOR 2 <= (int4, int2),
	OPERATOR 3 = (int4, int2),
	OPERATOR 4 >= (int4, int2),
	OPERATOR 5 > (int4, int2),
	OPERATOR 1 < (int4, int8),
	OPERATOR 2 <= (int4, int8),
	OPERATOR 3 = (int4, int8),
	OPERATOR 4 >= (int4, int8),
	OPERATOR 5 > (int4, int8),
	OPERATOR 1 < (int8, int2),
	OPERATOR 2 <= (int8, int2),
	OPERATOR 3 = (int8, int2),
	OPERATOR 4 >= (int8, int2),
	OPERATOR 5 > (int8, int2),
	OPERATOR 1 < (int8, int4),
	OPERATOR 2 <= (int8, int4),
	OPERATOR 3 = (int8, int4),
	OPERATOR 4 >= (int8, int4),
	OPERATOR 5 > (int8, int4);
CREATE OPERATOR FAMILY float_ops USING ivf;
COMMENT ON OPERATOR FAMILY float_ops USING ivf IS 'attributes of floating-point types';
CREATE OPERATOR CLASS float4_ops
	DEFAULT FOR TYPE float4 USING ivf FAMILY float_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS float4_ops USING ivf IS 'attribute of type float4';
CREATE OPERATOR CLASS float8_ops
	DEFAULT FOR TYPE float8 USING ivf FAMILY float_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS float8_ops USING ivf IS 'attribute of type float8';
ALTER OPERATOR FAMILY float_ops USING ivf ADD
	OPERATOR 1 < (float4, float8),
	OPERATOR 2 <= (float4, float8),
	OPERATOR 3 = (float4, float8),
	OPERATOR 4 >= (float4, float8),
	OPERATOR 5 > (float4, float8),
	OPERATOR 1 < (float8, float4),
	OPERATOR 2 <= (float8, float4),
	OPERATOR 3 = (float8, float4),
	OPERATOR 4 >= (float8, float4),
	OPERATOR 5 > (float8, float4);
CREATE OPERATOR CLASS numeric_ops
	DEFAULT FOR TYPE numeric USING ivf AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS numeric_ops USING ivf IS 'attribute of type numeric';
COMMENT ON OPERATOR FAMILY numeric_ops USING ivf IS 'attribute of type numeric';
CREATE OPERATOR CLASS date_ops
	DEFAULT FOR TYPE date USING ivf AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS date_ops USING ivf IS 'attribute of type date';
COMMENT ON OPERATOR FAMILY date_ops USING ivf IS 'attribute of type date';
CREATE OPERATOR CLASS timestamp_ops
	DEFAULT FOR TYPE timestamp USING ivf AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS timestamp_ops USING ivf IS 'attribute of type timestamp';
COMMENT ON OPERATOR FAMILY timestamp_ops USING ivf IS 'attribute of type timestamp';
CREATE OPERATOR CLASS timestamptz_ops
	DEFAULT FOR TYPE timestamptz USING ivf AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS timestamptz_ops USING ivf IS 'attribute of type timestamptz';
COMMENT ON OPERATOR FAMILY timestamptz_ops USING ivf IS 'attribute of type timestamptz';
CREATE OPERATOR CLASS bool_ops
	DEFAULT FOR TYPE bool USING ivf AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS bool_ops USING ivf IS 'attribute of type bool';
COMMENT ON OPERATOR FAMILY bool_ops USING ivf IS 'attribute of type bool';
CREATE OPERATOR CLASS uuid_ops
	DEFAULT FOR TYPE uuid USING ivf AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS uuid_ops USING ivf IS 'attribute of type uuid';
COMMENT ON OPERATOR FAMILY uuid_ops USING ivf IS 'attribute of type uuid';

CREATE OPERATOR CLASS text_ops
	DEFAULT FOR TYPE text USING cagra AS
	OPERATOR 3 =;
COMMENT ON OPERATOR CLASS text_ops USING cagra IS 'attribute of type text';
COMMENT ON OPERATOR FAMILY text_ops USING cagra IS 'attribute of type text';
CREATE OPERATOR FAMILY integer_ops USING cagra;
COMMENT ON OPERATOR FAMILY integer_ops USING cagra IS 'attributes of integer types';
CREATE OPERATOR CLASS int2_ops
	DEFAULT FOR TYPE int2 USING cagra FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS int2_ops USING cagra IS 'attribute of type int2';
CREATE OPERATOR CLASS int4_ops
	DEFAULT FOR TYPE int4 USING cagra FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS int4_ops USING cagra IS 'attribute of type int4';
CREATE OPERATOR CLASS int8_ops
	DEFAULT FOR TYPE int8 USING cagra FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS int8_ops USING cagra IS 'attribute of type int8';
ALTER OPERATOR FAMILY integer_ops USING cagra ADD
	OPERATOR 1 < (int2, int4),
	OPERATOR 2 <= (int2, int4),
	OPERATOR 3 = (int2, int4),
	OPERATOR 4 >= (int2, int4),
	OPERATOR 5 > (int2, int4),
	OPERATOR 1 < (int2, int8),
	OPERATOR 2 <= (int2, int8),
	OPERATOR 3 = (int2, int8),
	OPERATOR 4 >= (int2, int8),
	OPERATOR 5 > (int2, int8),
	OPERATOR 1 < (int4, int2),
	OPERATOR 2 <= (int4, int2),
	OPERATOR 3 = (int4, int2),
	OPERATOR 4 >= (int4, int2),
	OPERATOR 5 > (int4, int2),
	OPERATOR 1 < (int4, int8),
	OPERATOR 2 <= (int4, int8),
	OPERATOR 3 = (int4, int8),
	OPERATOR 4 >= (int4, int8),
	OPERATOR 5 > (int4, int8),
	OPERATOR 1 < (int8, int2),
	OPERATOR 2 <= (int8, int2),
	OPERATOR 3 = (int8, int2),
	OPERATOR 4 >= (int8, int2),
	OPERATOR 5 > (int8, int2),
	OPERATOR 1 < (int8, int4),
	OPERATOR 2 <= (int8, int4),
	OPERATOR 3 = (int8, int4),
	OPERATOR 4 >= (int8, int4),
	OPERATOR 5 > (int8, int4);
CREATE OPERATOR FAMILY float_ops USING cagra;
COMMENT ON OPERATOR FAMILY float_ops USING cagra IS 'attributes of floating-point types';
CREATE OPERATOR CLASS float4_ops
	DEFAULT FOR TYPE float4 USING cagra FAMILY float_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS float4_ops USING cagra IS 'attribute of type float4';
CREATE OPERATOR CLASS float8_ops
	DEFAULT FOR TYPE float8 USING cagra FAMILY float_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS float8_ops USING cagra IS 'attribute of type float8';
ALTER OPERATOR FAMILY float_ops USING cagra ADD
	OPERATOR 1 < (float4, float8),
	OPERATOR 2 <= (float4, float8),
	OPERATOR 3 = (float4, float8),
	OPERATOR 4 >= (float4, float8),
	OPERATOR 5 > (float4, float8),
	OPERATOR 1 < (float8, float4),
	OPERATOR 2 <= (float8, float4),
	OPERATOR 3 = (float8, float4),
	OPERATOR 4 >= (float8, float4),
	OPERATOR 5 > (float8, float4);
CREATE OPERATOR CLASS numeric_ops
	DEFAULT FOR TYPE numeric USING cagra AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS numeric_ops USING cagra IS 'attribute of type numeric';
COMMENT ON OPERATOR FAMILY numeric_ops USING cagra IS 'attribute of type numeric';
CREATE OPERATOR CLASS date_ops
	DEFAULT FOR TYPE date USING cagra AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS date_ops USING cagra IS 'attribute of type date';
COMMENT ON OPERATOR FAMILY date_ops USING cagra IS 'attribute of type date';
CREATE OPERATOR CLASS timestamp_ops
	DEFAULT FOR TYPE timestamp USING cagra AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS timestamp_ops USING cagra IS 'attribute of type timestamp';
COMMENT ON OPERATOR FAMILY timestamp_ops USING cagra IS 'attribute of type timestamp';
CREATE OPERATOR CLASS timestamptz_ops
	DEFAULT FOR TYPE timestamptz USING cagra AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS timestamptz_ops USING cagra IS 'attribute of type timestamptz';
COMMENT ON OPERATOR FAMILY timestamptz_ops USING cagra IS 'attribute of type timestamptz';
CREATE OPERATOR CLASS bool_ops
	DEFAULT FOR TYPE bool USING cagra AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS bool_ops USING cagra IS 'attribute of type bool';
COMMENT ON OPERATOR FAMILY bool_ops USING cagra IS 'attribute of type bool';
CREATE OPERATOR CLASS uuid_ops
	DEFAULT FOR TYPE uuid USING cagra AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS uuid_ops USING cagra IS 'attribute of type uuid';
COMMENT ON OPERATOR FAMILY uuid_ops USING cagra IS 'attribute of type uuid';
